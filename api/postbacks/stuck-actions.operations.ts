// Actions on everything that is stuck as a resource: its routes, and its operations for the OpenAPI
// document.
import { plainPage } from '../http/lists.ts';
import { jsonAnswer, jsonRequest, listAnswer, type Operation } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { stuckAction } from './stuck-actions.answers.ts';
import { addStuckActionRoutes } from './stuck-actions.routes.ts';
import { newStuckAction, stuckFilter } from './stuck.schema.ts';

function actOnAll(id: string, summary: string, description: string, example: object): Operation {
  return {
    id,
    summary,
    description: `${description} Takes the filter of \`GET /v1/stuck\`, in the body or in the query; \`dry_run\` only counts. Runs as a workflow of its own: \`GET /v1/stuck/actions/:id\` shows its progress.`,
    who: 'manage',
    headers: { prefer: '`wait=5` (at most 10): the answer waits until all is done' },
    query: stuckFilter,
    body: jsonRequest(newStuckAction, example),
    answers: { 202: jsonAnswer(stuckAction, 'with the number that the filter chose') },
  };
}

export const stuckActionsResource = defineResource({
  tag: 'Postbacks',
  addRoutes: addStuckActionRoutes,
  names: { StuckAction: stuckAction },
  operations: {
    'POST /v1/stuck/retry': actOnAll(
      'retryStuck',
      'Try everything that is stuck again',
      'Through the queues of the endpoints: their order and pace hold, and an endpoint that is down gets one postback as a probe, and the others once it answers.',
      { last_error: 'http_404' },
    ),
    'POST /v1/stuck/give-up': actOnAll(
      'giveUpStuck',
      'Give up everything that is stuck',
      'What was given up already is refused, `already_given_up`.',
      { reason: 'endpoint_disabled', dry_run: true },
    ),
    'POST /v1/stuck/acknowledge': actOnAll(
      'acknowledgeStuck',
      'Note that somebody has seen everything that was given up',
      'What was not given up is refused, `not_given_up`.',
      { state: 'gave_up' },
    ),
    'POST /v1/stuck/pause': actOnAll(
      'pauseStuck',
      'Pause the endpoints of everything that is stuck',
      'Each endpoint once.',
      { all: true },
    ),
    'GET /v1/stuck/actions': {
      id: 'listStuckActions',
      summary: 'List actions on what is stuck',
      who: 'read',
      query: plainPage,
      answers: { 200: listAnswer(stuckAction) },
    },
    'GET /v1/stuck/actions/:id': {
      id: 'getStuckAction',
      summary: 'The progress of an action on what is stuck',
      who: 'read',
      answers: { 200: jsonAnswer(stuckAction) },
    },
    'DELETE /v1/stuck/actions/:id': {
      id: 'stopStuckAction',
      summary: 'Stop an action on what is stuck',
      description: 'What it has done stays done.',
      who: 'manage',
      answers: { 200: jsonAnswer(stuckAction) },
      refusals: ['not_possible'],
    },
  },
});
