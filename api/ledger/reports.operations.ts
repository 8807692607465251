// Reports as a resource: its route, and its operation for the OpenAPI document.
import { listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { reportRow, reportScope } from './reports.answers.ts';
import { addReportRoutes } from './reports.routes.ts';
import { reportFilter } from './reports.schema.ts';

export const reportsResource = defineResource({
  tag: 'Money',
  addRoutes: addReportRoutes,
  operations: {
    'GET /v1/reports': {
      id: 'getReport',
      summary: 'Clicks, conversions, sums and commission by day, type, affiliate or link',
      description:
        'Everything counts on the day on which it occurred. The figures are counted once a minute, of what was settled ' +
        'by then; rows without any are left out. Clicks that were sent under ids of another system are not counted.',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: reportFilter,
      answers: { 200: listAnswer(reportRow, reportScope) },
    },
  },
});
