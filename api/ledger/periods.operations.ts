// Periods as a resource: its routes, and its operations for the OpenAPI document.
import { jsonAnswer, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './periods.answers.ts';
import { addPeriodRoutes } from './periods.routes.ts';
import { periodPage } from './periods.schema.ts';

export const periodsResource = defineResource({
  tag: 'Money',
  addRoutes: addPeriodRoutes,
  names: {
    Period: answers.period,
  },
  operations: {
    'GET /v1/periods': {
      id: 'listPeriods',
      summary: 'List the months of the books',
      who: 'read',
      query: periodPage,
      answers: { 200: listAnswer(answers.period) },
    },
    'GET /v1/periods/:period': {
      id: 'getPeriod',
      summary: 'A month of the books',
      who: 'read',
      answers: { 200: jsonAnswer(answers.period) },
    },
    'POST /v1/periods/:period/close': {
      id: 'closePeriod',
      summary: 'Close a month',
      who: 'manage',
      answers: {
        202: jsonAnswer(answers.period, 'its statements are being written'),
        200: jsonAnswer(answers.period, 'closed already'),
      },
      refusals: ['not_possible'],
    },
  },
});
