// Events as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { PREFER } from '../http/prefer.ts';
import { defineResource } from '../http/resource.ts';
import { BATCH_LIMIT } from './event-batch.ts';
import { eventFilter, eventForm, sendingOptions } from './events.schema.ts';
import * as answers from './events.answers.ts';
import { addEventRoutes } from './events.routes.ts';

export const refusals = ['unknown_event', 'conflict'] as const;
export const kept = {
  202: jsonAnswer(answers.accepted, 'kept'),
  200: jsonAnswer(
    z.union([answers.duplicate, answers.trace]),
    'the same event again, with the first one’s id; or, with `Prefer: wait`, the trace of what became of it',
  ),
};

export const DEPOSIT = {
  event: 'ftd',
  transaction_id: 't-1',
  customer_id: 'carla',
  amount: '500.00',
  currency: 'USD',
};
const CHARGEBACK = {
  event: 'chargeback',
  transaction_id: 't-2',
  reference: 't-1',
  amount: '500.00',
  currency: 'USD',
};

const batch = z
  .strictObject({ events: z.array(eventForm).max(BATCH_LIMIT) })
  .meta({ description: 'each is judged by itself' });
const lines = z.string().meta({ description: 'one event as JSON on each line' });

export const eventsResource = defineResource({
  tag: 'Events',
  addRoutes: addEventRoutes,
  names: {
    NewEvent: eventForm,
    Event: answers.event,
    Trace: answers.trace,
    Rehearsed: answers.dryRun,
    Accepted: answers.accepted,
    Duplicate: answers.duplicate,
  },
  operations: {
    'POST /v1/events': {
      id: 'sendEvent',
      summary: 'Send an event',
      description:
        'Answered once it is kept. The same event again is answered with the first one’s id, and counted once. Null and empty text equal an absent field.',
      who: 'events:write',
      signable: true,
      query: sendingOptions,
      headers: PREFER,
      body: jsonRequest(eventForm, DEPOSIT),
      answers: {
        ...kept,
        200: jsonAnswer(
          z.union([answers.duplicate, answers.trace, answers.dryRun]),
          'the same event again, with the first one’s id; with `Prefer: wait`, the trace; with `dry_run`, what would happen',
        ),
      },
      refusals,
    },
    'POST /v1/events/batch': {
      id: 'sendEvents',
      summary: 'Send up to 1,000 events',
      who: 'events:write',
      signable: true,
      query: sendingOptions,
      body: {
        content: { 'application/json': batch, 'application/x-ndjson': lines },
        required: true,
        examples: {
          'application/json': { events: [DEPOSIT, CHARGEBACK] },
          'application/x-ndjson': [DEPOSIT, CHARGEBACK].map((one) => JSON.stringify(one)).join('\n'),
        },
      },
      answers: {
        200: jsonAnswer(
          z.union([answers.batchResults, answers.dryRunBatch]),
          'one result for each, in order',
        ),
      },
    },
    'GET /v1/events': {
      id: 'listEvents',
      summary: 'List events',
      description:
        'Every filter given must hold. `transaction_id`, `customer_id` and `click_id` are those that the event names; `affiliate_id` is to whom it is attributed.',
      who: 'read',
      query: eventFilter,
      answers: { 200: listAnswer(answers.event) },
    },
    'GET /v1/events/:id': {
      id: 'getEvent',
      summary: 'The whole story of an event',
      description:
        'Whose it was, what it earned and why, what was booked, what was told to whom. An affiliate sees of an ' +
        'event that is attributed to it what concerns itself.',
      who: 'read',
      own: { scope: 'own:read', path: 'event' },
      answers: { 200: jsonAnswer(answers.trace) },
    },
  },
});
