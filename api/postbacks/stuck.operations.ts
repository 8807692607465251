// Stuck postbacks as a resource: its routes, and its operations for the OpenAPI document.
import { wholeListAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './stuck.answers.ts';
import { addStuckRoutes } from './stuck.routes.ts';
import { stuckQuery } from './stuck.schema.ts';

export const stuckResource = defineResource({
  tag: 'Postbacks',
  addRoutes: addStuckRoutes,
  operations: {
    'GET /v1/stuck': {
      id: 'listStuck',
      summary: 'What is stuck, by endpoint or by reason',
      description:
        'Postbacks that are `retrying`, `held`, or `gave_up` and not acknowledged, as `GET /v1/deliveries?state=stuck` lists them one by one.',
      who: 'read',
      query: stuckQuery,
      answers: { 200: wholeListAnswer(answers.stuckGroup, { total: answers.stuckTotal }) },
    },
  },
});
