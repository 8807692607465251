// Balances and ledger of affiliates as a resource: its routes, and its operations for the OpenAPI
// document.
import { jsonAnswer, listAnswer, wholeListAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './balances.answers.ts';
import { addBalanceRoutes } from './balances.routes.ts';
import { balanceFilter, ledgerFilter } from './balances.schema.ts';

export const balancesResource = defineResource({
  tag: 'Money',
  addRoutes: addBalanceRoutes,
  names: {
    Transfer: answers.transfer,
  },
  operations: {
    'GET /v1/balances': {
      id: 'listBalances',
      summary: 'What every affiliate has, by currency',
      who: 'read',
      query: balanceFilter,
      answers: { 200: listAnswer(answers.affiliateBalance) },
    },
    'GET /v1/balances/totals': {
      id: 'getBalanceTotals',
      summary: 'What all affiliates have together, by currency',
      who: 'read',
      answers: { 200: wholeListAnswer(answers.balanceTotal) },
    },
    'GET /v1/affiliates/:id/balance': {
      id: 'getAffiliateBalance',
      summary: 'What an affiliate has, by currency',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      answers: { 200: jsonAnswer(answers.balances) },
    },
    'GET /v1/affiliates/:id/ledger': {
      id: 'listAffiliateLedger',
      summary: 'Every transfer of an affiliate',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      query: ledgerFilter,
      answers: { 200: listAnswer(answers.transfer) },
    },
  },
});
