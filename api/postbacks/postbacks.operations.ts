// Operations on the way out: endpoints, deliveries, replays.
import * as answers from './postbacks.answers.ts';
import { listOf } from '../http/answer-fields.ts';
import { endpointChange, endpointImport, newEndpoint, rotation } from './endpoints.schema.ts';
import { plainPage } from '../http/fields.ts';
import { byAffiliate, deliveryFilter } from '../events/lists.schema.ts';
import { newReplay } from './replays.schema.ts';
import { deleted, json, jsonBody, type Operation, type Operations } from '../openapi/operation.ts';

const button = (summary: string, answer: Operation['answers'][number]): Operation => {
  return { summary, who: 'manage', answers: { 200: answer }, refusals: ['not_possible'] };
};

export const postbackOperations: Operations = {
  'POST /v1/endpoints': {
    summary: 'Add an endpoint',
    description:
      'Without `affiliate_id` it is the operator’s own webhook, which hears of every affiliate and is told of trouble.',
    who: 'manage',
    body: jsonBody(newEndpoint, {
      url: 'https://affiliate.example/postback?click={click_id}',
      method: 'GET',
    }),
    answers: { 201: json(answers.newEndpoint, 'added') },
    refusals: ['unknown_macro', 'blocked_address'],
  },
  'GET /v1/endpoints': {
    summary: 'List endpoints',
    who: 'read',
    query: byAffiliate,
    answers: { 200: json(listOf(answers.endpoint)) },
  },
  'POST /v1/endpoints/import': {
    summary: 'Translate another platform’s postback URL',
    description: 'Nothing is stored.',
    who: 'manage',
    body: jsonBody(endpointImport),
    answers: { 200: json(answers.importedUrl, 'the URL in our macros') },
    refusals: ['unknown_macro', 'blocked_address'],
  },
  'GET /v1/endpoints/:id': { summary: 'An endpoint', who: 'read', answers: { 200: json(answers.endpoint) } },
  'PATCH /v1/endpoints/:id': {
    summary: 'Change an endpoint',
    who: 'manage',
    body: jsonBody(endpointChange),
    answers: { 200: json(answers.changedEndpoint) },
    refusals: ['unknown_macro', 'blocked_address'],
  },
  'DELETE /v1/endpoints/:id': { summary: 'Remove an endpoint', who: 'manage', answers: deleted },
  'POST /v1/endpoints/:id/test': {
    ...button(
      'Send a postback that means nothing, and tell how it went',
      json(answers.trial, 'phase by phase'),
    ),
    refusals: [],
  },
  'POST /v1/endpoints/:id/pause': button('Hold what is for an endpoint', json(answers.endpoint)),
  'POST /v1/endpoints/:id/resume': button(
    'Send again to an endpoint that was paused',
    json(answers.endpoint),
  ),
  'POST /v1/endpoints/:id/enable': button(
    'Send again to an endpoint that was disabled',
    json(answers.enabledEndpoint),
  ),
  'POST /v1/endpoints/:id/rotate-secret': {
    summary: 'Give an endpoint a new secret',
    description: 'The one before signs beside it for `overlap_hours`.',
    who: 'manage',
    body: jsonBody(rotation),
    answers: { 200: json(answers.newEndpoint) },
  },
  'GET /v1/deliveries': {
    summary: 'List postbacks',
    description: '`state=stuck` means `retrying`, `held`, or `gave_up` and not acknowledged.',
    who: 'read',
    query: deliveryFilter,
    answers: { 200: json(listOf(answers.delivery)) },
  },
  'GET /v1/deliveries/:id': {
    summary: 'A postback with every attempt',
    who: 'read',
    answers: { 200: json(answers.wholeDelivery) },
  },
  'POST /v1/deliveries/:id/retry': button('Try a postback now', json(answers.wholeDelivery)),
  'POST /v1/deliveries/:id/give-up': button('Try a postback no more', json(answers.wholeDelivery)),
  'POST /v1/deliveries/:id/acknowledge': button(
    'Note that somebody has seen it',
    json(answers.wholeDelivery),
  ),
  'POST /v1/replays': {
    summary: 'Send postbacks again',
    who: 'manage',
    body: jsonBody(newReplay),
    answers: { 202: json(answers.replay, 'under way; a dry run only counts') },
  },
  'GET /v1/replays': {
    summary: 'List replays',
    who: 'read',
    query: plainPage,
    answers: { 200: json(listOf(answers.replay)) },
  },
  'GET /v1/replays/:id': {
    summary: 'How far a replay is',
    who: 'read',
    answers: { 200: json(answers.replayProgress) },
  },
  'DELETE /v1/replays/:id': button('Cancel a replay', json(answers.replayProgress)),
};
