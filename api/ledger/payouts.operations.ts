// Payouts as a resource: its routes, and its operations for the OpenAPI document.
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
  },
  operations: {
    'POST /v1/payouts': {
      summary: 'Reserve what is payable, after what is owed',
      who: 'manage',
      headers: {
        'idempotency-key': 'the same key with the same content is answered as the first request was',
      },
      body: jsonRequest(newPayout),
      answers: { 201: jsonAnswer(answers.payout, 'reserved') },
      refusals: ['conflict', 'not_possible'],
    },
    'GET /v1/payouts': {
      summary: 'List payouts',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: payoutFilter,
      answers: { 200: listAnswer(answers.payout) },
    },
    'GET /v1/payouts/:id': {
      summary: 'A payout with its history',
      who: 'read',
      own: { scope: 'own:read', path: 'payout' },
      answers: { 200: jsonAnswer(answers.wholePayout) },
    },
    'POST /v1/payouts/:id/confirm': {
      summary: 'The payout arrived',
      who: 'manage',
      body: jsonRequest(payoutStep.confirm),
      answers: { 200: jsonAnswer(answers.payout) },
      refusals: ['conflict', 'not_possible'],
    },
    'POST /v1/payouts/:id/fail': {
      summary: 'The payout could not be made',
      who: 'manage',
      body: jsonRequest(payoutStep.fail),
      answers: { 200: jsonAnswer(answers.payout) },
      refusals: ['not_possible'],
    },
    'POST /v1/payouts/:id/return': {
      summary: 'The payout came back',
      who: 'manage',
      body: jsonRequest(payoutStep.return),
      answers: { 200: jsonAnswer(answers.payout) },
      refusals: ['not_possible'],
    },
  },
});
