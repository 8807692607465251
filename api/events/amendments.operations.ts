// Amendments of events as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { idOf } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addAmendmentRoutes } from './amendments.routes.ts';
import { amendment } from './amendments.schema.ts';
import { trace } from './events.answers.ts';
import { PREFER } from './events.operations.ts';

const amendmentOf = {
  id: idOf('evt'),
  version: z.int().min(0).meta({ description: 'the amendment’s number' }),
};
const amending = z.object({ ...amendmentOf, status: z.literal('accepted') });
const alreadyAmended = z.object({ ...amendmentOf, status: z.literal('duplicate') });

export const amendmentsResource = defineResource({
  tag: 'Events',
  addRoutes: addAmendmentRoutes,
  operations: {
    'POST /v1/events/:id/amend': {
      summary: 'Put right an event that was sent wrong',
      description:
        'What is given replaces what was sent; the rest stays. The books move by the difference, in the month that is open, and affiliates hear of it as ' +
        '`conversion.adjusted`. Every version is kept. Conversions only, and not their currency.',
      who: 'events:write',
      signable: true,
      headers: PREFER,
      body: jsonRequest(amendment),
      answers: {
        202: jsonAnswer(amending, 'kept'),
        200: jsonAnswer(
          z.union([alreadyAmended, trace]),
          'it says so already; or, with `Prefer: wait`, the trace',
        ),
      },
      refusals: ['not_possible'],
    },
  },
});
