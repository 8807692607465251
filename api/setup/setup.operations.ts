// Operations that set up: operators and their keys, affiliates and their deals, and what guards the door.
import * as answers from './setup.answers.ts';
import { listOf } from '../http/answer-fields.ts';
import { preview } from '../ledger/ledger.answers.ts';
import { dealPreview, newDeal, newDealVersion } from '../deals/deals.schema.ts';
import { fxRateFilter, newFxRate } from '../deals/fx-rates.schema.ts';
import { plainPage } from '../http/fields.ts';
import { byAffiliate, refusalFilter } from '../events/lists.schema.ts';
import * as form from './setup.schema.ts';
import { deleted, json, jsonBody, type Operations } from '../openapi/operation.ts';

const TERMS = {
  components: [
    { kind: 'cpa', on: 'ftd', amount: '200.00', min_amount: '100.00' },
    { kind: 'revshare', percent: '25', negative: 'carry' },
  ],
};
const RATE = { base: 'EUR', quote: 'USD', rate: '1.0842', as_of: '2026-11-22T00:00:00Z', source: 'our bank' };

export const setupOperations: Operations = {
  'POST /v1/operators': {
    summary: 'Create an operator',
    who: 'admin',
    body: jsonBody(form.newOperator, { name: 'Broker', currency: 'USD', timezone: 'Europe/Berlin' }),
    answers: { 201: json(answers.newOperator, 'with its first key') },
  },
  'GET /v1/operator': {
    summary: 'The operator whose key this is',
    who: 'read',
    answers: { 200: json(answers.operator) },
    refusals: ['not_found'],
  },
  'PATCH /v1/operator': {
    summary: 'Change the operator’s settings',
    who: 'manage',
    body: jsonBody(form.operatorChange),
    answers: { 200: json(answers.operator) },
    refusals: ['not_found'],
  },
  'POST /v1/operator/inbound-secret': {
    summary: 'Make a secret to sign requests with',
    description: 'The one before goes on for `grace_hours`.',
    who: 'manage',
    body: jsonBody(form.newInboundSecret),
    answers: { 201: json(answers.inboundSecret, 'made') },
  },
  'GET /v1/onboarding': {
    summary: 'What the integration lacks, and what to do',
    who: 'read',
    answers: { 200: json(answers.onboarding) },
  },
  'GET /v1/refusals': {
    summary: 'Requests that were refused',
    description: 'Samples, and exact counts by reason and address: of the last day unless a time is given.',
    who: 'read',
    query: refusalFilter,
    answers: { 200: json(answers.refusals) },
  },
  'GET /v1/egress': {
    summary: 'The addresses postbacks come from',
    who: 'anybody',
    answers: { 200: json(answers.egress) },
  },
  'POST /v1/api-keys': {
    summary: 'Make a key',
    who: 'manage',
    body: jsonBody(form.newKey),
    answers: { 201: json(answers.newApiKey, 'made') },
  },
  'GET /v1/api-keys': {
    summary: 'List keys',
    who: 'manage',
    query: plainPage,
    answers: { 200: json(listOf(answers.apiKey)) },
  },
  'DELETE /v1/api-keys/:id': { summary: 'Revoke a key', who: 'manage', answers: deleted },
  'POST /v1/event-types': {
    summary: 'Add a name of the operator’s own for a standard event',
    who: 'manage',
    body: jsonBody(form.newEventType),
    answers: { 201: json(answers.eventType, 'added'), 200: json(answers.eventType, 'there already') },
    refusals: ['conflict'],
  },
  'GET /v1/event-types': {
    summary: 'List the operator’s own names',
    who: 'read',
    query: plainPage,
    answers: { 200: json(listOf(answers.eventType)) },
  },
  'DELETE /v1/event-types/:name': {
    summary: 'Remove a name, by itself or its id',
    who: 'manage',
    answers: deleted,
  },
  'POST /v1/affiliates': {
    summary: 'Add an affiliate',
    who: 'manage',
    body: jsonBody(form.newAffiliate),
    answers: { 201: json(answers.affiliate, 'added') },
    refusals: ['conflict'],
  },
  'GET /v1/affiliates': {
    summary: 'List affiliates',
    who: 'read',
    query: plainPage,
    answers: { 200: json(listOf(answers.affiliate)) },
  },
  'GET /v1/affiliates/:id': {
    summary: 'An affiliate',
    who: 'read',
    answers: { 200: json(answers.affiliate) },
  },
  'PATCH /v1/affiliates/:id': {
    summary: 'Change an affiliate',
    who: 'manage',
    body: jsonBody(form.affiliateChange),
    answers: { 200: json(answers.affiliate) },
    refusals: ['conflict'],
  },
  'POST /v1/deals': {
    summary: 'Make a deal',
    description: 'Without `affiliate_id` it is the operator’s default.',
    who: 'manage',
    body: jsonBody(newDeal, { name: 'Hybrid', terms: TERMS }),
    answers: { 201: json(answers.deal, 'made, as its first version') },
  },
  'GET /v1/deals': {
    summary: 'List deals',
    who: 'read',
    query: byAffiliate,
    answers: { 200: json(listOf(answers.deal)) },
  },
  'GET /v1/deals/:id': { summary: 'A deal', who: 'read', answers: { 200: json(answers.deal) } },
  'POST /v1/deals/:id/versions': {
    summary: 'Change what a deal pays from a time on',
    who: 'manage',
    body: jsonBody(newDealVersion, { terms: TERMS }),
    answers: { 201: json(answers.dealVersion, 'the new version') },
    refusals: ['conflict'],
  },
  'POST /v1/deals/:id/preview': {
    summary: 'What past events would have paid by other terms',
    description:
      'The terms are worked out as a version that begins at `from`. What came before is seen (first deposits, the month’s caps and steps, losses carried) and not reported. Posts nothing.',
    who: 'manage',
    body: jsonBody(dealPreview, { terms: TERMS, from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' }),
    answers: { 200: json(preview, 'by affiliate and month, beside what was paid') },
    refusals: ['not_possible'],
  },
  'POST /v1/fx-rates': {
    summary: 'Add an exchange rate of the operator’s own',
    description: 'What waited for one is settled.',
    who: 'manage',
    body: jsonBody(newFxRate, RATE),
    answers: { 201: json(answers.fxRate, 'added'), 200: json(answers.fxRate, 'there already') },
    refusals: ['conflict'],
  },
  'GET /v1/fx-rates': {
    summary: 'List exchange rates',
    who: 'read',
    query: fxRateFilter,
    answers: { 200: json(listOf(answers.fxRate)) },
  },
};
