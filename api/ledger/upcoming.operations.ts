// Upcoming money of an affiliate as a resource: its route, and its operation for the OpenAPI
// document.
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { upcoming } from './upcoming.answers.ts';
import { addUpcomingRoutes } from './upcoming.routes.ts';

export const upcomingResource = defineResource({
  tag: 'Money',
  addRoutes: addUpcomingRoutes,
  operations: {
    'GET /v1/affiliates/:id/upcoming': {
      id: 'getAffiliateUpcoming',
      summary: 'When an affiliate’s money becomes payable, and what a payout would be now',
      description: 'As it stands: what is taken back until then does not become payable.',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      answers: { 200: jsonAnswer(upcoming) },
    },
  },
});
