// Transfers of the ledger as a resource: its route, and its operation for the OpenAPI document.
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './transfers.answers.ts';
import { addTransferRoutes } from './transfers.routes.ts';

export const transfersResource = defineResource({
  tag: 'Money',
  addRoutes: addTransferRoutes,
  names: {},
  operations: {
    'GET /v1/transfers/:id': {
      id: 'getTransfer',
      summary: 'One transfer: what it moved, for which conversion, by which formula, on which statement',
      who: 'read',
      own: { scope: 'own:read', path: 'transfer' },
      answers: { 200: jsonAnswer(answers.wholeTransfer) },
    },
  },
});
