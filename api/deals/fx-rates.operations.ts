// Exchange rates as a resource: its routes, and its operations for the OpenAPI document.
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './fx-rates.answers.ts';
import { addFxRateRoutes } from './fx-rates.routes.ts';
import { fxRateFilter, newFxRate } from './fx-rates.schema.ts';

const RATE = { base: 'EUR', quote: 'USD', rate: '1.0842', as_of: '2026-11-22T00:00:00Z', source: 'our bank' };

export const fxRatesResource = defineResource({
  tag: 'Setup',
  addRoutes: addFxRateRoutes,
  operations: {
    'POST /v1/fx-rates': {
      id: 'createFxRate',
      summary: 'Add an exchange rate of the operator’s own',
      description:
        'What waited for one is settled. A rate for the same pair and `as_of` replaces the former, which is ' +
        'kept; what that one converted is rated again, and affiliates hear `conversion.adjusted` with the ' +
        'reason `rate_corrected`.',
      who: 'manage',
      body: jsonRequest(newFxRate, RATE),
      answers: { 201: jsonAnswer(answers.fxRate, 'added'), 200: jsonAnswer(answers.fxRate, 'there already') },
    },
    'GET /v1/fx-rates': {
      id: 'listFxRates',
      summary: 'List exchange rates',
      who: 'read',
      query: fxRateFilter,
      answers: { 200: listAnswer(answers.fxRate) },
    },
  },
});
