// Events set aside as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { LISTED_AT_MOST } from '../../store/settlement/set-aside.ts';
import { idOf, text } from '../http/answer-fields.ts';
import { jsonAnswer, wholeListAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { lacking, setAsideGroup } from './set-aside.answers.ts';
import { addSetAsideRoutes } from './set-aside.routes.ts';

/** Answers of the two actions; `reason` is the event's set-aside reason. */
const retrying = z.object({
  id: idOf('evt'),
  status: z.literal('retrying'),
  reason: text,
  lacking,
});
const dismissed = z.object({ id: idOf('evt'), status: z.literal('rejected'), reason: text });

export const setAsideResource = defineResource({
  tag: 'Events',
  addRoutes: addSetAsideRoutes,
  operations: {
    'GET /v1/set-aside': {
      id: 'listSetAside',
      summary: 'What events that were set aside lack, by what they have in common',
      description:
        `The largest groups of each reason, of its first ${LISTED_AT_MOST} events. The events themselves: ` +
        '`GET /v1/events?status=set_aside`.',
      who: 'read',
      answers: { 200: wholeListAnswer(setAsideGroup) },
    },
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
