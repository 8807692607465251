// Currencies as a resource: its routes, and its operations for the OpenAPI document.
import { plainPage } from '../http/lists.ts';
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './currencies.answers.ts';
import { addCurrencyRoutes } from './currencies.routes.ts';
import { newCurrency } from './currencies.schema.ts';

export const currenciesResource = defineResource({
  tag: 'Setup',
  addRoutes: addCurrencyRoutes,
  names: {
    Currency: answers.currency,
  },
  operations: {
    'POST /v1/currencies': {
      id: 'createCurrency',
      summary: 'Add a currency that is not in ISO 4217',
      description:
        'Amounts in it are taken and shown with this many decimals wherever a currency is named. ' +
        'Within an installation a code has one number of decimals, whoever adds it.',
      who: 'manage',
      body: jsonRequest(newCurrency, { code: 'USDT', exponent: 6 }),
      answers: {
        201: jsonAnswer(answers.currency, 'added'),
        200: jsonAnswer(answers.currency, 'there already'),
      },
      refusals: ['conflict'],
    },
    'GET /v1/currencies': {
      id: 'listCurrencies',
      summary: 'List the currencies that the operator added',
      who: 'read',
      query: plainPage,
      answers: { 200: listAnswer(answers.currency) },
    },
  },
});
