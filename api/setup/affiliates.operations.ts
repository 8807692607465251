// Affiliates as a resource: its routes, and its operations for the OpenAPI document.
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './affiliates.answers.ts';
import { addAffiliateRoutes } from './affiliates.routes.ts';
import { affiliateChange, affiliateFilter, newAffiliate } from './affiliates.schema.ts';

export const affiliatesResource = defineResource({
  tag: 'Setup',
  addRoutes: addAffiliateRoutes,
  names: {
    Affiliate: answers.affiliate,
  },
  operations: {
    'POST /v1/affiliates': {
      summary: 'Add an affiliate',
      who: 'manage',
      body: jsonRequest(newAffiliate),
      answers: { 201: jsonAnswer(answers.affiliate, 'added') },
      refusals: ['conflict'],
    },
    'GET /v1/affiliates': {
      summary: 'List affiliates',
      who: 'read',
      query: affiliateFilter,
      answers: { 200: listAnswer(answers.affiliate) },
    },
    'GET /v1/affiliates/:id': {
      summary: 'An affiliate',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      answers: { 200: jsonAnswer(answers.affiliate) },
    },
    'PATCH /v1/affiliates/:id': {
      summary: 'Change an affiliate',
      description:
        'A new parent counts from `parent_since` on (default: now) until the affiliate’s next change of its ' +
        'parent. Events since then are rated again, and parents hear `conversion.adjusted` with the reason ' +
        '`parent_changed`. A `suspended` affiliate earns, and its payouts are refused. A `closed` one is ' +
        'attributed nothing that occurs from then on; its customers stay its own.',
      who: 'manage',
      body: jsonRequest(affiliateChange),
      answers: { 200: jsonAnswer(answers.affiliate) },
      refusals: ['conflict'],
    },
  },
});
