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
      id: 'createAffiliate',
      summary: 'Add an affiliate',
      who: 'manage',
      body: jsonRequest(newAffiliate, { name: 'Northwind Media', external_id: 'crm-4711' }),
      answers: { 201: jsonAnswer(answers.affiliate, 'added') },
      refusals: ['conflict'],
    },
    'GET /v1/affiliates': {
      id: 'listAffiliates',
      summary: 'List affiliates',
      who: 'read',
      query: affiliateFilter,
      answers: { 200: listAnswer(answers.affiliate) },
    },
    'GET /v1/affiliates/:id': {
      id: 'getAffiliate',
      summary: 'An affiliate',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      answers: { 200: jsonAnswer(answers.affiliate) },
    },
    'PATCH /v1/affiliates/:id': {
      id: 'updateAffiliate',
      summary: 'Change an affiliate',
      description:
        'A new parent counts from `parent_since` on (default: now) until the affiliate’s next change of its ' +
        'parent. Events since then are rated again, and parents hear `conversion.adjusted` with the reason ' +
        '`parent_changed`. A `suspended` affiliate earns, and its payouts are refused. A `closed` one is ' +
        'attributed nothing that occurs from then on; its customers stay its own.',
      who: 'manage',
      body: jsonRequest(affiliateChange, { state: 'suspended' }),
      answers: { 200: jsonAnswer(answers.affiliate) },
      refusals: ['conflict'],
    },
  },
});
