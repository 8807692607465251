// Operations that take events in and show them.
import { z } from 'zod';
import * as answers from './events.answers.ts';
import { listOf } from '../http/answer-fields.ts';
import { amendment } from './amendments.schema.ts';
import { BATCH_LIMIT } from './event-batch.ts';
import { eventForm } from './event-form.ts';
import { plainPage } from '../http/fields.ts';
import { assignment, orphanFilter } from '../clicks/links.schema.ts';
import { eventFilter, sendingOptions } from './lists.schema.ts';
import { POSTBACK_FIELDS } from './postback.schema.ts';
import { json, jsonBody, type Operation, type Operations } from '../openapi/operation.ts';

const PREFER = { prefer: '`wait=5` (at most 10): the answer waits for the outcome' };
const refusals = ['unknown_event', 'conflict'] as const;
const kept = {
  202: json(answers.accepted, 'kept'),
  200: json(
    z.union([answers.duplicate, answers.trace]),
    'the same event again, with the first one’s id; or, with `Prefer: wait`, the trace of what became of it',
  ),
};

const DEPOSIT = {
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

const parameters = z.looseObject(
  Object.fromEntries(POSTBACK_FIELDS.map((field) => [field, z.string().optional()])),
);
const postback: Omit<Operation, 'summary'> = {
  description:
    'Usual other names (`txid`, `goal`, `sum`, …) and those of the operator’s `postback_aliases` are taken as well; empty ones count as not given.',
  who: 'events:write',
  keyInQuery: true,
  signable: true,
  headers: PREFER,
  answers: kept,
  refusals: ['invalid_request', ...refusals],
};

export const eventOperations: Operations = {
  'POST /v1/events': {
    summary: 'Send an event',
    description:
      'Answered once it is kept. The same event again is answered with the first one’s id, and counted once.',
    who: 'events:write',
    signable: true,
    query: sendingOptions,
    headers: PREFER,
    body: jsonBody(eventForm, DEPOSIT),
    answers: {
      ...kept,
      200: json(
        z.union([answers.duplicate, answers.trace, answers.rehearsed]),
        'the same event again, with the first one’s id; with `Prefer: wait`, the trace; with `dry_run`, what would happen',
      ),
    },
    refusals,
  },
  'POST /v1/events/batch': {
    summary: 'Send up to 1,000 events',
    who: 'events:write',
    signable: true,
    query: sendingOptions,
    body: {
      content: { 'application/json': batch, 'application/x-ndjson': lines },
      required: true,
      example: { events: [DEPOSIT, CHARGEBACK] },
    },
    answers: {
      200: json(z.union([answers.batchResults, answers.rehearsedBatch]), 'one result for each, in order'),
    },
  },
  'GET /postback': { ...postback, summary: 'Send an event by query parameters', query: parameters },
  'POST /postback': {
    ...postback,
    summary: 'Send an event as a form, as JSON, or by query parameters',
    query: parameters,
    body: {
      content: { 'application/x-www-form-urlencoded': parameters, 'application/json': z.looseObject({}) },
      required: false,
    },
  },
  'HEAD /postback': {
    summary: 'Refused: it would count as an event',
    who: 'anybody',
    answers: {},
    refusals: ['method_not_allowed'],
  },
  'GET /v1/events': {
    summary: 'List events',
    who: 'read',
    query: eventFilter,
    answers: { 200: json(listOf(answers.event)) },
  },
  'GET /v1/events/:id': {
    summary: 'The whole story of an event',
    description: 'Whose it was, what it earned and why, what was booked, what was told to whom.',
    who: 'read',
    answers: { 200: json(answers.trace) },
  },
  'POST /v1/events/:id/amend': {
    summary: 'Put right an event that was sent wrong',
    description:
      'What is given replaces what was sent; the rest stays. The books move by the difference, in the month that is open, and affiliates hear of it as ' +
      '`conversion.adjusted`. Every version is kept. Conversions only, and not their currency.',
    who: 'events:write',
    signable: true,
    headers: PREFER,
    body: jsonBody(amendment),
    answers: {
      202: json(answers.amending, 'kept'),
      200: json(
        z.union([answers.alreadyAmended, answers.trace]),
        'it says so already; or, with `Prefer: wait`, the trace',
      ),
    },
    refusals: ['not_possible'],
  },
  'GET /v1/repeats': {
    summary: 'List repeats by content',
    description:
      'Events that were sent again without a transaction id and taken for the same, because nothing in them differed.',
    who: 'read',
    query: plainPage,
    answers: { 200: json(listOf(answers.repeat)) },
  },
  'GET /v1/orphans': {
    summary: 'List events that no affiliate was found for',
    who: 'read',
    query: orphanFilter,
    answers: { 200: json(answers.orphans) },
  },
  'POST /v1/orphans/:event_id/assign': {
    summary: 'Give an orphan to an affiliate',
    who: 'manage',
    body: jsonBody(assignment),
    answers: { 202: json(answers.assigned, 'it is settled in a moment') },
    refusals: ['conflict', 'not_possible'],
  },
  'POST /v1/set-aside/:event_id/retry': {
    summary: 'Settle an event that was set aside again',
    description: 'With all others that were set aside for the same reason: what helped one helps them all.',
    who: 'manage',
    answers: { 202: json(answers.retrying, 'it is settled in a moment, if nothing is missing any more') },
    refusals: ['not_possible'],
  },
  'POST /v1/set-aside/:event_id/dismiss': {
    summary: 'Reject an event that was set aside for good',
    description: 'The event is kept, with its reason, and earns nothing.',
    who: 'manage',
    answers: { 200: json(answers.dismissed, 'rejected') },
    refusals: ['not_possible'],
  },
};
