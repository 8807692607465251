// Answers about deliveries and their attempts: schemas and views.
import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/delivery/deliveries.ts';
import type { AttemptRow, DeliveryReport, DeliveryRow } from '../../store/delivery/delivery-reports.ts';
import { nextTry } from '../../domain/delivery/next-try.ts';
import { conversionsWorkflowId, deliveryWorkflowId, endpointWorkflowId } from '../../domain/keys.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import * as field from '../http/answer-fields.ts';
import type { Temporal } from '../temporal.ts';

type WorkflowUrl = Temporal['workflowUrl'];

export const delivery = z.object({
  id: field.idOf('dlv').meta({ description: 'the `webhook-id`' }),
  endpoint_id: field.idOf('ep'),
  endpoint_url: field.text.meta({ description: 'as it is saved, with its macros' }),
  affiliate_id: field.affiliateId.nullable(),
  affiliate_name: field.text.nullable(),
  event_id: field.idOf('evt').nullable(),
  original_event_id: field.idOf('evt').nullable(),
  type: field.text,
  payout_delta: field.money.nullable().meta({
    description: 'what it reports to be earned or lost; null where its type reports no amount',
  }),
  payout_currency: field.currency.nullable(),
  state: z.enum(DELIVERY_STATES),
  owner: field.text.nullable(),
  next_cause: field.text.nullable(),
  replay_id: field.idOf('rpl').nullable(),
  predecessor_id: field.idOf('dlv').nullable(),
  tries: field.count,
  next_attempt_at: field.time.nullable().meta({
    description: 'in the future, or null: under way, at its turn in a queue, or not before something happens',
  }),
  next_reason: field.text.nullable().meta({
    description: 'why the next try is then, or what it waits for; null when there is none',
  }),
  pause_reason: field.text.nullable().meta({
    description: 'null unless it is paused, over the API or in the Temporal UI',
  }),
  last_error: field.text.nullable(),
  created_at: field.time,
  finished_at: field.time.nullable(),
  acknowledged_at: field.time.nullable(),
  workflow_url: field.text.nullable().meta({
    description:
      'the workflow that makes its next try, or keeps it in sight after it was given up, in the Temporal UI; null when no workflow does',
  }),
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
      sends: z.int().min(1).meta({
        description:
          'times the request went out: 2 when a kept connection ended before any of the answer, and the receiver may have had it twice',
      }),
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

/** `workflowUrl` makes the address of a workflow, or null where no UI is configured. */
export function deliveryView(row: DeliveryRow, workflowUrl: WorkflowUrl) {
  const workflowId = workflowIdOf(row);
  const next = nextTry(row, Date.now());
  return {
    id: row.id,
    endpoint_id: row.endpointId,
    endpoint_url: row.endpointUrl,
    affiliate_id: row.affiliateId,
    affiliate_name: row.affiliateName,
    event_id: row.eventId,
    // A notice refers to an endpoint or a delivery, named in its body.
    original_event_id: row.originalEventId.startsWith('evt_') ? row.originalEventId : null,
    type: row.type,
    payout_delta:
      row.payoutDeltaMinor === null ? null : formatMoney(row.payoutDeltaMinor, row.payoutCurrency!),
    payout_currency: row.payoutCurrency,
    state: row.state,
    owner: row.owner,
    next_cause: row.nextCause,
    replay_id: row.replayId,
    predecessor_id: row.predecessorId,
    tries: row.tries,
    next_attempt_at: next.at,
    next_reason: next.reason,
    pause_reason: row.pauseReason,
    last_error: row.lastError,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
    acknowledged_at: row.acknowledgedAt,
    workflow_url: workflowId === null ? null : workflowUrl(workflowId),
  };
}

/**
 * The workflow that makes the next try, or shows that the delivery was given up. None for one that
 * is finished otherwise or was acknowledged, and for one that waits for its predecessor.
 */
function workflowIdOf({ owner, id, endpointId, batchId, state, acknowledgedAt }: DeliveryRow): string | null {
  if (state === 'gave_up' && acknowledgedAt === null) return endpointWorkflowId(endpointId);
  switch (owner) {
    case 'batch':
      return conversionsWorkflowId(batchId);
    case 'self':
      return deliveryWorkflowId(id);
    case 'endpoint':
      return endpointWorkflowId(endpointId);
    default:
      return null;
  }
}

export function reportView(report: DeliveryReport, workflowUrl: WorkflowUrl) {
  return {
    ...deliveryView(report, workflowUrl),
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
    sends: attempt.sends,
    status_code: attempt.statusCode,
    error_class: attempt.errorClass,
    response_excerpt: attempt.responseExcerpt,
    next_attempt_at: attempt.nextAttemptAt,
    next_reason: attempt.nextReason,
  };
}
