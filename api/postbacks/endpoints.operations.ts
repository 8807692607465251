// Endpoints as a resource: its routes, and its operations for the OpenAPI document.
import { byAffiliate } from '../http/lists.ts';
import { action, deleted, jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './endpoints.answers.ts';
import { addEndpointRoutes } from './endpoints.routes.ts';
import { endpointChange, newEndpoint, rotation } from './endpoints.schema.ts';

export const endpointsResource = defineResource({
  tag: 'Postbacks',
  addRoutes: addEndpointRoutes,
  names: {
    NewEndpoint: newEndpoint,
    EndpointChange: endpointChange,
    Endpoint: answers.endpoint,
    EndpointWithSecret: answers.newEndpoint,
    ChangedEndpoint: answers.changedEndpoint,
    EnabledEndpoint: answers.enabledEndpoint,
    RotatedEndpoint: answers.rotatedEndpoint,
  },
  operations: {
    'POST /v1/endpoints': {
      id: 'createEndpoint',
      summary: 'Add an endpoint',
      description:
        'Without `affiliate_id` it is the operator’s own webhook, which hears of every affiliate and is told of trouble.',
      who: 'manage',
      own: { scope: 'own:endpoints', body: 'affiliate_id' },
      body: jsonRequest(newEndpoint, {
        name: 'Tracker',
        url: 'https://affiliate.example/postback?click={click_id}',
        method: 'GET',
      }),
      answers: { 201: jsonAnswer(answers.newEndpoint, 'added') },
      refusals: ['unknown_macro', 'blocked_address', 'not_possible'],
    },
    'GET /v1/endpoints': {
      id: 'listEndpoints',
      summary: 'List endpoints',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: byAffiliate,
      answers: { 200: listAnswer(answers.endpoint) },
    },
    'GET /v1/endpoints/:id': {
      id: 'getEndpoint',
      summary: 'An endpoint',
      who: 'read',
      own: { scope: 'own:read', path: 'endpoint' },
      answers: { 200: jsonAnswer(answers.endpoint) },
    },
    'PATCH /v1/endpoints/:id': {
      id: 'updateEndpoint',
      summary: 'Change an endpoint',
      who: 'manage',
      own: { scope: 'own:endpoints', path: 'endpoint' },
      body: jsonRequest(endpointChange, {
        events: ['conversion.created', 'conversion.reversed'],
        rate_per_second: 20,
      }),
      answers: { 200: jsonAnswer(answers.changedEndpoint) },
      refusals: ['unknown_macro', 'blocked_address'],
    },
    'DELETE /v1/endpoints/:id': {
      id: 'deleteEndpoint',
      summary: 'Remove an endpoint',
      who: 'manage',
      own: { scope: 'own:endpoints', path: 'endpoint' },
      answers: deleted,
    },
    'POST /v1/endpoints/:id/pause': action(
      'pauseEndpoint',
      'Hold what is for an endpoint',
      jsonAnswer(answers.endpoint),
      {
        scope: 'own:endpoints',
        path: 'endpoint',
      },
    ),
    'POST /v1/endpoints/:id/resume': action(
      'resumeEndpoint',
      'Send again to an endpoint that was paused',
      jsonAnswer(answers.endpoint),
      { scope: 'own:endpoints', path: 'endpoint' },
    ),
    'POST /v1/endpoints/:id/enable': action(
      'enableEndpoint',
      'Send again to an endpoint that was disabled',
      jsonAnswer(answers.enabledEndpoint),
      { scope: 'own:endpoints', path: 'endpoint' },
    ),
    'POST /v1/endpoints/:id/rotate-secret': {
      id: 'rotateEndpointSecret',
      summary: 'Give an endpoint a new secret',
      description: 'The one before signs beside it for `overlap_hours`.',
      who: 'manage',
      own: { scope: 'own:endpoints', path: 'endpoint' },
      body: jsonRequest(rotation, { overlap_hours: 48 }),
      answers: { 200: jsonAnswer(answers.rotatedEndpoint) },
    },
  },
});
