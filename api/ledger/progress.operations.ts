// Progress as a resource: its route, and its operation for the OpenAPI document.
import { plainPage } from '../http/lists.ts';
import { listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './progress.answers.ts';
import { addProgressRoutes } from './progress.routes.ts';

export const progressResource = defineResource({
  tag: 'Money',
  addRoutes: addProgressRoutes,
  operations: {
    'GET /v1/affiliates/:id/progress': {
      id: 'listAffiliateProgress',
      summary: 'Customers of an affiliate on their way to a CPA',
      description:
        'Those who did something that counts and have not qualified: what counts so far, of how much.',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      query: plainPage,
      answers: { 200: listAnswer(answers.progress) },
    },
  },
});
