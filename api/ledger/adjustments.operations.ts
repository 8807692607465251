// Adjustments and write-offs as a resource: its routes, and its operations for the OpenAPI
// document.
import { jsonAnswer, jsonRequest } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './adjustments.answers.ts';
import { addAdjustmentRoutes } from './adjustments.routes.ts';
import { newAdjustment, newWriteOff } from './adjustments.schema.ts';

export const adjustmentsResource = defineResource({
  tag: 'Money',
  addRoutes: addAdjustmentRoutes,
  names: {
    PostedByHand: answers.manualPosting,
  },
  operations: {
    'POST /v1/affiliates/:id/adjustments': {
      id: 'createAdjustment',
      summary: 'Adjust by hand what is owed',
      who: 'manage',
      body: jsonRequest(newAdjustment, {
        currency: 'USD',
        amount: '-25.00',
        reason: 'advance of October',
        idempotency_key: 'adjustment-2026-11-17',
      }),
      answers: { 201: jsonAnswer(answers.manualPosting, 'posted') },
      refusals: ['conflict'],
    },
    'POST /v1/affiliates/:id/write-offs': {
      id: 'createWriteOff',
      summary: 'Write off debt: all of it, or an amount',
      who: 'manage',
      body: jsonRequest(newWriteOff, {
        currency: 'USD',
        amount: '100.00',
        reason: 'the affiliate left',
        idempotency_key: 'write-off-2026-11-17',
      }),
      answers: { 201: jsonAnswer(answers.manualPosting, 'posted') },
      refusals: ['conflict', 'not_possible'],
    },
  },
});
