// Operators as a resource: its routes, and its operations for the OpenAPI document.
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { newApiKey } from './api-keys.answers.ts';
import * as answers from './operators.answers.ts';
import { addOperatorRoutes } from './operators.routes.ts';
import { administratorKey, newOperator, operatorChange, operatorFilter } from './operators.schema.ts';

export const operatorsResource = defineResource({
  tag: 'Setup',
  addRoutes: addOperatorRoutes,
  names: {
    Operator: answers.operator,
  },
  operations: {
    'POST /v1/operators': {
      id: 'createOperator',
      summary: 'Create an operator',
      who: 'admin',
      body: jsonRequest(newOperator, { name: 'Broker', currency: 'USD', timezone: 'Europe/Berlin' }),
      answers: { 201: jsonAnswer(answers.newOperator, 'with its first key') },
    },
    'GET /v1/operators': {
      id: 'listOperators',
      summary: 'List operators',
      who: 'admin',
      query: operatorFilter,
      answers: { 200: listAnswer(answers.operatorSummary) },
    },
    'POST /v1/operators/:id/api-keys': {
      id: 'createOperatorApiKey',
      summary: 'Make a key for an operator',
      description: 'For an operator who lost its last key.',
      who: 'admin',
      body: jsonRequest(administratorKey, { name: 'after the loss' }),
      answers: { 201: jsonAnswer(newApiKey, 'made') },
    },
    'GET /v1/operator': {
      id: 'getOperator',
      summary: 'The operator whose key this is',
      who: 'read',
      answers: { 200: jsonAnswer(answers.operator) },
      refusals: ['not_found'],
    },
    'PATCH /v1/operator': {
      id: 'updateOperator',
      summary: 'Change the operator’s settings',
      description:
        'A new `timezone` holds from now on. What happened before keeps its month: conversions count in the month of ' +
        'the time zone that was in force when they happened. Months of the books begin and end by the present one. ' +
        'Before the first event is received, a new time zone holds from the beginning.',
      who: 'manage',
      body: jsonRequest(operatorChange, { click_window_days: 45, allowed_ips: ['203.0.113.0/24'] }),
      answers: { 200: jsonAnswer(answers.operator) },
      refusals: ['not_found'],
    },
  },
});
