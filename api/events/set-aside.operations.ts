// Events set aside as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { SET_ASIDE_REASONS } from '../../domain/settlement/set-aside.ts';
import { LISTED_AT_MOST } from '../../store/settlement/set-aside.ts';
import { count, currency, idOf, money, text } from '../http/answer-fields.ts';
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addSetAsideRoutes } from './set-aside.routes.ts';

const lacking = text.meta({
  description:
    'what was lacking when it was settled last, and the call that mends it. Without that it is set aside again',
  examples: [
    '1 event of 250.00 GBP, 14 November 2026: no rate GBP→USD. POST /v1/fx-rates, then it is settled by itself.',
  ],
});
/** As `2026-11-14`. */
const day = z.iso.date().meta({ examples: ['2026-11-14'] });

/** Answers of the two actions; `reason` is the event's set-aside reason. */
const retrying = z.object({
  id: idOf('evt'),
  status: z.literal('retrying'),
  reason: text,
  lacking,
});
const dismissed = z.object({ id: idOf('evt'), status: z.literal('rejected'), reason: text });

/** Events that lack the same. */
const group = z.object({
  reason: z.enum(SET_ASIDE_REASONS),
  count,
  amount: money.nullable().meta({ description: 'the sum of their amounts; null: none has one' }),
  currency: currency.nullable(),
  missing_rate: z
    .object({ base: currency, quote: currency })
    .nullable()
    .meta({ description: 'the exchange rate that they wait for; null: they lack something else' }),
  first_day: day.meta({
    description: 'the day of the earliest of them; for a missing rate, from when on it must be',
  }),
  last_day: day.meta({ description: 'the day of the latest of them' }),
  lacking,
});

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
      answers: { 200: jsonAnswer(z.object({ data: z.array(group) })) },
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
