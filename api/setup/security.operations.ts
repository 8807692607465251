// Inbound secrets, refusals and egress addresses as a resource: its routes, and its operations for
// the OpenAPI document.
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './security.answers.ts';
import { addSecurityRoutes } from './security.routes.ts';
import { newInboundSecret, refusalFilter } from './security.schema.ts';

export const securityResource = defineResource({
  tag: 'Setup',
  addRoutes: addSecurityRoutes,
  operations: {
    'POST /v1/operator/inbound-secret': {
      id: 'createInboundSecret',
      summary: 'Make a secret to sign requests with',
      description: 'The one before goes on for `grace_hours`.',
      who: 'manage',
      body: jsonRequest(newInboundSecret, { grace_hours: 24 }),
      answers: { 201: jsonAnswer(answers.inboundSecret, 'made') },
    },
    'GET /v1/refusals': {
      id: 'listRefusals',
      summary: 'Requests that were refused',
      description: 'Samples, and exact counts by reason and address: of the last day unless a time is given.',
      who: 'read',
      query: refusalFilter,
      answers: { 200: listAnswer(answers.refusal, { counts: answers.refusalCounts }) },
    },
    'GET /v1/egress': {
      id: 'getEgress',
      summary: 'The addresses postbacks come from',
      who: 'anybody',
      answers: { 200: jsonAnswer(answers.egress) },
    },
  },
});
