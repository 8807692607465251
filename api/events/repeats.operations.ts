// Repeats by content as a resource: its routes, and its operations for the OpenAPI document.
import { plainPage } from '../http/lists.ts';
import { listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './repeats.answers.ts';
import { addRepeatRoutes } from './repeats.routes.ts';

export const repeatsResource = defineResource({
  tag: 'Events',
  addRoutes: addRepeatRoutes,
  operations: {
    'GET /v1/repeats': {
      id: 'listRepeats',
      summary: 'List repeats by content',
      description:
        'Events that were sent again without a transaction id and taken for the same, because nothing in them differed.',
      who: 'read',
      query: plainPage,
      answers: { 200: listAnswer(answers.repeat) },
    },
  },
});
