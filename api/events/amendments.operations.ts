// Amendments of events as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { idOf } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest } from '../http/operation.ts';
import { PREFER } from '../http/prefer.ts';
import { defineResource } from '../http/resource.ts';
import { addAmendmentRoutes } from './amendments.routes.ts';
import { amendment, decision, withdrawal } from './amendments.schema.ts';
import { trace } from './events.answers.ts';

const amendmentOf = {
  id: idOf('evt'),
  version: z.int().min(0).meta({ description: 'the amendment’s number' }),
};
const amending = z.object({ ...amendmentOf, status: z.literal('accepted') });
const alreadyAmended = z.object({ ...amendmentOf, status: z.literal('duplicate') });

const AMENDED_ANSWERS = {
  202: jsonAnswer(amending, 'kept'),
  200: jsonAnswer(z.union([alreadyAmended, trace]), 'it says so already; or, with `Prefer: wait`, the trace'),
};

/** A decision of a person about an event. */
const decidingOn = (
  id: string,
  summary: string,
  description: string,
  form: typeof decision | typeof withdrawal,
) =>
  ({
    id,
    summary,
    description,
    who: 'events:write',
    signable: true,
    headers: PREFER,
    body: jsonRequest(form, { reason: 'sent twice under two ids' }),
    answers: AMENDED_ANSWERS,
    refusals: ['not_possible'],
  }) as const;

export const amendmentsResource = defineResource({
  tag: 'Events',
  addRoutes: addAmendmentRoutes,
  operations: {
    'POST /v1/events/:id/amend': {
      id: 'amendEvent',
      summary: 'Put right an event that was sent wrong',
      description:
        'What is given replaces what was sent; the rest stays. The books move by the difference, in the month that is open, and affiliates hear of it as ' +
        '`conversion.adjusted`. Every version is kept. Conversions only, and not their currency.',
      who: 'events:write',
      signable: true,
      headers: PREFER,
      body: jsonRequest(amendment, { amount: '450.00', reason: 'fee was not taken off' }),
      answers: AMENDED_ANSWERS,
      refusals: ['not_possible'],
    },
    'POST /v1/events/:id/void': decidingOn(
      'voidEvent',
      'Take an event out of the books',
      'Afterwards the books are as if the event had not been sent, a conversion and a reversal alike; a ' +
        'binding that it made goes with it. Affiliates hear `conversion.reversed`, or for a reversal ' +
        '`conversion.reinstated`, with the reason `voided`. The event stays readable, as `voided`.',
      decision,
    ),
    'POST /v1/events/:id/unvoid': decidingOn(
      'unvoidEvent',
      'Put an event back into the books',
      'The event is settled anew, by what is known now. Affiliates hear `conversion.reinstated`, or for a ' +
        'reversal `conversion.reversed`, with the reason `unvoided`.',
      withdrawal,
    ),
    'POST /v1/events/:id/reject': decidingOn(
      'rejectEvent',
      'Reject one conversion',
      'The conversion earns nothing, as if it was reversed as a whole, and still counts as having ' +
        'happened. Unlike the rejection of a commission, other conversions of its month are left alone. ' +
        'Affiliates hear `conversion.reversed` with the reason `rejected`.',
      decision,
    ),
    'POST /v1/events/:id/unreject': decidingOn(
      'unrejectEvent',
      'Take the rejection of a conversion back',
      'Affiliates hear `conversion.reinstated` with the reason `unrejected`.',
      withdrawal,
    ),
  },
});
