// Answers about customers: schemas and views.
import { z } from 'zod';
import { erasureWorkflowId } from '../../domain/keys.ts';
import type { Customer, Reassignment } from '../../store/attribution/reassignments.ts';
import { ERASURE_STATES, type Erasure } from '../../store/upkeep/erasures.ts';
import * as field from '../http/answer-fields.ts';
import type { Temporal } from '../temporal.ts';

const binding = z.object({
  affiliate_id: field.affiliateId,
  event_id: field.idOf('evt').meta({ description: 'the event that bound the customer' }),
  click_id: field.text.nullable(),
  since: field.time.meta({
    description:
      'since when the customer belongs to it: the time of that click, the `from` of an assignment, or the time of that event',
  }),
});

const reassignment = z.object({
  id: field.idOf('rea'),
  affiliate_id: field.affiliateId,
  from: field.time,
  reason: field.text,
  actor: field.text.meta({ description: 'id of the API key' }),
  created_at: field.time,
});

export const customer = z.object({
  customer_id: field.text,
  binding: binding.nullable(),
  reassignments: z.array(reassignment).meta({ description: 'newest first, at most 200' }),
});

export const acceptedReassignment = z.object({ id: field.idOf('rea'), status: z.literal('accepted') });

export const erasure = z.object({
  id: field.idOf('ers'),
  state: z.enum(ERASURE_STATES),
  events: field.count.meta({ description: 'events of the customer that were looked through so far' }),
  deliveries: field.count.meta({ description: 'postbacks about them from which the customer was taken out' }),
  created_by: field.text.meta({ description: 'id of the API key' }),
  created_at: field.time,
  finished_at: field.time.nullable(),
  workflow_url: field.text.nullable(),
});

export function erasureView(row: Erasure, workflowUrl: Temporal['workflowUrl']) {
  return {
    id: row.id,
    state: row.state,
    events: row.events,
    deliveries: row.deliveries,
    created_by: row.actor,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
    workflow_url: workflowUrl(erasureWorkflowId(row.id)),
  };
}

export function customerView(customerId: string, { binding: bound, reassignments }: Customer) {
  return {
    customer_id: customerId,
    binding: bound && {
      affiliate_id: bound.affiliateId,
      event_id: bound.eventId,
      click_id: bound.clickId,
      since: bound.since,
    },
    reassignments: reassignments.map(reassignmentView),
  };
}

function reassignmentView({ id, affiliateId, from, reason, actor, createdAt }: Reassignment) {
  return { id, affiliate_id: affiliateId, from, reason, actor, created_at: createdAt };
}
