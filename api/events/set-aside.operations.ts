// Events set aside as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { idOf, text } from '../http/answer-fields.ts';
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addSetAsideRoutes } from './set-aside.routes.ts';

/** Answers of the two actions; `reason` is the event's set-aside reason. */
const retrying = z.object({
  id: idOf('evt'),
  status: z.literal('retrying'),
  reason: text,
  lacking: text.meta({
    description:
      'what the event lacked when it was settled last, and the call that mends it. Without that it is ' +
      'set aside again',
    examples: [
      '1 event of 250.00 GBP, 14 November 2026: no rate GBP→USD. POST /v1/fx-rates, then it is settled by itself.',
    ],
  }),
});
const dismissed = z.object({ id: idOf('evt'), status: z.literal('rejected'), reason: text });

export const setAsideResource = defineResource({
  tag: 'Events',
  addRoutes: addSetAsideRoutes,
  operations: {
    'POST /v1/set-aside/:event_id/retry': {
      id: 'retrySetAsideEvent',
      summary: 'Settle an event that was set aside again',
      description:
        'With all others that were set aside for the same reason: what helped one helps them all. `lacking` ' +
        'says what the event lacked so far.',
      who: 'manage',
      answers: { 202: jsonAnswer(retrying, 'it is settled in a moment, if nothing is missing any more') },
      refusals: ['not_possible'],
    },
    'POST /v1/set-aside/:event_id/dismiss': {
      id: 'dismissSetAsideEvent',
      summary: 'Reject an event that was set aside for good',
      description: 'The event is kept, with its reason, and earns nothing.',
      who: 'manage',
      answers: { 200: jsonAnswer(dismissed, 'rejected') },
      refusals: ['not_possible'],
    },
  },
});
