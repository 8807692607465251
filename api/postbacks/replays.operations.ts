// Replays as a resource: its routes, and its operations for the OpenAPI document.
import { action, jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './replays.answers.ts';
import { addReplayRoutes } from './replays.routes.ts';
import { newReplay, replayFilter } from './replays.schema.ts';

export const replaysResource = defineResource({
  tag: 'Postbacks',
  addRoutes: addReplayRoutes,
  names: {
    Replay: answers.replay,
    ReplayProgress: answers.replayProgress,
  },
  operations: {
    'POST /v1/replays': {
      id: 'startReplay',
      summary: 'Send postbacks again',
      who: 'manage',
      own: { scope: 'own:endpoints', body: 'endpoint_id' },
      body: jsonRequest(newReplay, {
        from: '2026-11-01T00:00:00Z',
        to: '2026-11-02T00:00:00Z',
        states: ['gave_up'],
        dry_run: true,
      }),
      answers: { 202: jsonAnswer(answers.replay, 'under way; a dry run only counts') },
    },
    'GET /v1/replays': {
      id: 'listReplays',
      summary: 'List replays',
      who: 'read',
      query: replayFilter,
      answers: { 200: listAnswer(answers.replay) },
    },
    'GET /v1/replays/:id': {
      id: 'getReplay',
      summary: 'How far a replay is',
      who: 'read',
      own: { scope: 'own:read', path: 'replay' },
      answers: { 200: jsonAnswer(answers.replayProgress) },
    },
    'DELETE /v1/replays/:id': action('cancelReplay', 'Cancel a replay', jsonAnswer(answers.replayProgress)),
  },
});
