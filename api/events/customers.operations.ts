// Customers as a resource: its routes, and its operations for the OpenAPI document.
import { exampleId } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './customers.answers.ts';
import { addCustomerRoutes, newReassignment } from './customers.routes.ts';

export const customersResource = defineResource({
  tag: 'Events',
  addRoutes: addCustomerRoutes,
  names: { Erasure: answers.erasure },
  operations: {
    'GET /v1/customers/:customer_id': {
      id: 'getCustomer',
      summary: 'Whom a customer belongs to',
      who: 'read',
      answers: { 200: jsonAnswer(answers.customer) },
    },
    'POST /v1/customers/:customer_id/reassign': {
      id: 'reassignCustomer',
      summary: 'Give a customer to another affiliate',
      description:
        'Events of the customer that occurred from `from` on belong to the affiliate, also those that were ' +
        'settled; `from` may lie in the future. Both affiliates hear `conversion.adjusted` with the reason ' +
        '`reassigned`; one that never heard of a conversion hears `conversion.created`. A customer may be ' +
        'given away before its first event.',
      who: 'manage',
      body: jsonRequest(newReassignment, {
        affiliate_id: exampleId('aff'),
        from: '2026-11-01T00:00:00Z',
        reason: 'agreed with both affiliates',
      }),
      answers: { 202: jsonAnswer(answers.acceptedReassignment, 'its events are judged again in a moment') },
      refusals: ['not_possible'],
    },
    'POST /v1/customers/:customer_id/erase': {
      id: 'eraseCustomer',
      summary: 'Erase who a customer is',
      description:
        'For ever, and everywhere: in events, their notes and subs, clicks, postbacks and the answers to them. The events ' +
        'go on under a random id, and money, affiliates and statements stay as they are. Postbacks that are still to ' +
        'be sent go out without the customer. Ids of transactions stay, unless they are the id of the customer. ' +
        'A workflow does it; a repeated call is answered with the erasure that runs, or finds nothing more. ' +
        'Whatever is sent with this id later is of a new customer; reversals by `reference` go on to work.',
      who: 'manage',
      answers: {
        202: jsonAnswer(answers.erasure, 'it is done in a moment, or in minutes for very many events'),
      },
    },
    'GET /v1/erasures/:id': {
      id: 'getErasure',
      summary: 'How far the erasure of a customer is',
      who: 'read',
      answers: { 200: jsonAnswer(answers.erasure) },
    },
  },
});
