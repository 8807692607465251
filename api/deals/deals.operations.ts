// Deals as a resource: its routes, and its operations for the OpenAPI document.
import { byAffiliate } from '../http/lists.ts';
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './deals.answers.ts';
import { addDealRoutes } from './deals.routes.ts';
import { dealEnd, newDeal, newDealVersion, terms } from './deals.schema.ts';

export const TERMS = {
  components: [
    { kind: 'cpa', on: 'ftd', amount: '200.00', min_amount: '100.00' },
    { kind: 'revshare', percent: '25', negative: 'carry' },
  ],
};

export const dealsResource = defineResource({
  tag: 'Setup',
  addRoutes: addDealRoutes,
  names: {
    Terms: terms,
    NewDeal: newDeal,
    NewDealVersion: newDealVersion,
    Deal: answers.deal,
  },
  operations: {
    'POST /v1/deals': {
      id: 'createDeal',
      summary: 'Make a deal',
      description: 'Without `affiliate_id` it is the operator’s default.',
      who: 'manage',
      body: jsonRequest(newDeal, { name: 'Hybrid', terms: TERMS }),
      answers: { 201: jsonAnswer(answers.deal, 'made, as its first version') },
    },
    'GET /v1/deals': {
      id: 'listDeals',
      summary: 'List deals',
      who: 'read',
      query: byAffiliate,
      answers: { 200: listAnswer(answers.deal) },
    },
    'GET /v1/deals/:id': {
      id: 'getDeal',
      summary: 'A deal',
      who: 'read',
      answers: { 200: jsonAnswer(answers.deal) },
    },
    'POST /v1/deals/:id/versions': {
      id: 'createDealVersion',
      summary: 'Change what a deal pays from a time on',
      description:
        'A component continues the one of the same kind and events, or else of the same kind with an event ' +
        'in common: caps, steps and losses of the month run on, and each event is paid by the version of its time.',
      who: 'manage',
      body: jsonRequest(newDealVersion, { terms: TERMS }),
      answers: { 201: jsonAnswer(answers.dealVersion, 'the new version') },
      refusals: ['conflict', 'not_possible'],
    },
    'POST /v1/deals/:id/end': {
      id: 'endDeal',
      summary: 'End a deal',
      description:
        'Events that occur from `at` on (default: now) are rated by the operator’s default deal, or earn ' +
        'nothing without one. Events since then that were settled are rated again, and affiliates hear ' +
        '`conversion.adjusted` with the reason `deal_changed`. An end in the future may be moved.',
      who: 'manage',
      body: jsonRequest(dealEnd, { at: '2026-12-31T23:00:00Z' }),
      answers: { 200: jsonAnswer(answers.deal) },
      refusals: ['not_possible'],
    },
  },
});
