// Events sent as parameters as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import type { Operation } from '../http/operation.ts';
import { PREFER } from '../http/prefer.ts';
import { defineResource } from '../http/resource.ts';
import { DEPOSIT, kept, refusals } from './events.operations.ts';
import { addPostbackRoute } from './postback.routes.ts';
import { POSTBACK_FIELDS } from './postback.schema.ts';

const parameters = z.looseObject(
  Object.fromEntries(POSTBACK_FIELDS.map((field) => [field, z.string().optional()])),
);
const postback: Omit<Operation, 'id' | 'summary'> = {
  description:
    'Usual other names (`txid`, `goal`, `sum`, …) and those of the operator’s `postback_aliases` are taken as well; empty ones count as not given.',
  who: 'events:write',
  keyInQuery: true,
  signable: true,
  headers: PREFER,
  answers: kept,
  refusals: ['invalid_request', ...refusals],
};

export const postbackResource = defineResource({
  tag: 'Events',
  addRoutes: addPostbackRoute,
  operations: {
    'GET /postback': {
      id: 'sendPostbackByQuery',
      ...postback,
      summary: 'Send an event by query parameters',
      query: parameters,
    },
    'POST /postback': {
      id: 'sendPostbackByForm',
      ...postback,
      summary: 'Send an event as a form, as JSON, or by query parameters',
      query: parameters,
      body: {
        content: { 'application/x-www-form-urlencoded': parameters, 'application/json': z.looseObject({}) },
        required: false,
        examples: {
          'application/x-www-form-urlencoded': DEPOSIT,
          'application/json': DEPOSIT,
        },
      },
    },
    'HEAD /postback': {
      id: 'refusePostbackHead',
      summary: 'Refused: it would count as an event',
      who: 'anybody',
      answers: {},
      refusals: ['method_not_allowed'],
    },
  },
});
