// Orphans as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { COUNTED_AT_MOST } from '../../store/attribution/orphans.ts';
import { affiliateId, count, idOf, exampleId } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { event } from './events.answers.ts';
import { addOrphanRoutes } from './orphans.routes.ts';
import { assignment, orphanFilter } from './orphans.schema.ts';

const orphans = listAnswer(event, {
  counts: z
    .record(z.string(), count)
    .meta({ description: `orphans by reason, among the newest ${COUNTED_AT_MOST}` }),
});
const assigned = z.object({
  id: idOf('evt'),
  status: z.literal('assigned'),
  affiliate_id: affiliateId,
});

export const orphansResource = defineResource({
  tag: 'Events',
  addRoutes: addOrphanRoutes,
  operations: {
    'GET /v1/orphans': {
      id: 'listOrphans',
      summary: 'List events that no affiliate was found for',
      who: 'read',
      query: orphanFilter,
      answers: { 200: orphans },
    },
    'POST /v1/orphans/:event_id/assign': {
      id: 'assignOrphan',
      summary: 'Give an orphan to an affiliate',
      who: 'manage',
      body: jsonRequest(assignment, { affiliate_id: exampleId('aff') }),
      answers: { 202: jsonAnswer(assigned, 'it is settled in a moment') },
      refusals: ['conflict', 'not_possible'],
    },
  },
});
