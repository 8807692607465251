// Payouts as a resource: its routes, and its operations for the OpenAPI document.
import { exampleId } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './payouts.answers.ts';
import { addPayoutRoutes } from './payouts.routes.ts';
import { newPayout, payoutFilter, payoutStep } from './payouts.schema.ts';

export const payoutsResource = defineResource({
  tag: 'Money',
  addRoutes: addPayoutRoutes,
  names: {
    Payout: answers.payout,
    WholePayout: answers.wholePayout,
  },
  operations: {
    'POST /v1/payouts': {
      id: 'createPayout',
      summary: 'Reserve what is payable, after what is owed',
      who: 'manage',
      headers: {
        'idempotency-key': 'the same key with the same content is answered as the first request was',
      },
      body: jsonRequest(newPayout, { affiliate_id: exampleId('aff'), currency: 'USD', minimum: '50.00' }),
      answers: { 201: jsonAnswer(answers.payout, 'reserved') },
      refusals: ['conflict', 'not_possible'],
    },
    'GET /v1/payouts': {
      id: 'listPayouts',
      summary: 'List payouts',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: payoutFilter,
      answers: { 200: listAnswer(answers.payout) },
    },
    'GET /v1/payouts/:id': {
      id: 'getPayout',
      summary: 'A payout with its history',
      who: 'read',
      own: { scope: 'own:read', path: 'payout' },
      answers: { 200: jsonAnswer(answers.wholePayout) },
    },
    'POST /v1/payouts/:id/confirm': {
      id: 'confirmPayout',
      summary: 'The payout arrived',
      who: 'manage',
      body: jsonRequest(payoutStep.confirm, { external_reference: 'SEPA-2026-11-4711' }),
      answers: { 200: jsonAnswer(answers.payout) },
      refusals: ['conflict', 'not_possible'],
    },
    'POST /v1/payouts/:id/fail': {
      id: 'failPayout',
      summary: 'The payout could not be made',
      who: 'manage',
      body: jsonRequest(payoutStep.fail, { reason: 'the account is closed' }),
      answers: { 200: jsonAnswer(answers.payout) },
      refusals: ['not_possible'],
    },
    'POST /v1/payouts/:id/return': {
      id: 'returnPayout',
      summary: 'The payout came back',
      who: 'manage',
      body: jsonRequest(payoutStep.return, { reason: 'the name does not match the account' }),
      answers: { 200: jsonAnswer(answers.payout) },
      refusals: ['not_possible'],
    },
  },
});
