// Answers about deliveries and their attempts: schemas and views.
import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/delivery/deliveries.ts';
import type { AttemptRow, DeliveryReport, DeliveryRow } from '../../store/delivery/delivery-reports.ts';
import * as field from '../http/answer-fields.ts';

export const delivery = z.object({
  id: field.idOf('dlv').meta({ description: 'the `webhook-id`' }),
  endpoint_id: field.idOf('ep'),
  affiliate_id: field.affiliateId.nullable(),
  event_id: field.idOf('evt').nullable(),
  original_event_id: field.idOf('evt').nullable(),
  type: field.text,
  state: z.enum(DELIVERY_STATES),
  owner: field.text.nullable(),
  next_cause: field.text.nullable(),
  replay_id: field.idOf('rpl').nullable(),
  predecessor_id: field.idOf('dlv').nullable(),
  tries: field.count,
  next_attempt_at: field.time.nullable(),
  last_error: field.text.nullable(),
  created_at: field.time,
  finished_at: field.time.nullable(),
  acknowledged_at: field.time.nullable(),
});

export const wholeDelivery = delivery.extend({
  body: z.record(z.string(), z.unknown()).meta({ description: 'as it is sent: see the webhooks' }),
  attempts: z.array(
    z.object({
      number: z.int().min(1),
      cause: field.text,
      started_at: field.time,
      duration_ms: z.number(),
      phases: z.unknown(),
      dialled: field.text.nullable(),
      status_code: z.int().nullable(),
      error_class: field.text.nullable(),
      response_excerpt: field.text.nullable(),
      next_attempt_at: field.time.nullable(),
      next_reason: field.text.nullable().meta({
        description:
          'what happened, and why the next try is when it is: the step of the schedule, `Retry-After`, a probe',
      }),
    }),
  ),
});

export function deliveryView(row: DeliveryRow) {
  return {
    id: row.id,
    endpoint_id: row.endpointId,
    affiliate_id: row.affiliateId,
    event_id: row.eventId,
    // A notice refers to an endpoint or a delivery, named in its body.
    original_event_id: row.originalEventId.startsWith('evt_') ? row.originalEventId : null,
    type: row.type,
    state: row.state,
    owner: row.owner,
    next_cause: row.nextCause,
    replay_id: row.replayId,
    predecessor_id: row.predecessorId,
    tries: row.tries,
    // The row of a finished delivery keeps the time of its last try; no try follows.
    next_attempt_at: row.owner === null ? null : row.nextAttemptAt,
    last_error: row.lastError,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
    acknowledged_at: row.acknowledgedAt,
  };
}

export function reportView(report: DeliveryReport) {
  return {
    ...deliveryView(report),
    body: JSON.parse(report.body) as unknown,
    attempts: report.attempts.map(attemptView),
  };
}

function attemptView(attempt: AttemptRow) {
  return {
    number: attempt.number,
    cause: attempt.cause,
    started_at: attempt.startedAt,
    duration_ms: attempt.durationMs,
    phases: attempt.phases,
    dialled: attempt.dialled,
    status_code: attempt.statusCode,
    error_class: attempt.errorClass,
    response_excerpt: attempt.responseExcerpt,
    next_attempt_at: attempt.nextAttemptAt,
    next_reason: attempt.nextReason,
  };
}
