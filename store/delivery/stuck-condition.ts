// Which deliveries are stuck and why, in SQL, for every statement that lists, counts or acts on
// them; and the filter of such statements.
import type { StuckState } from '../../domain/delivery/stuck.ts';

/**
 * A condition for a row of `deliveries`: retrying, held, or given up and not acknowledged. In the
 * very words of two indexes, and what the function `is_stuck` says.
 */
export function stuckSql(delivery: string): string {
  return `${delivery}.state in ('retrying', 'held', 'gave_up')
    and (${delivery}.state <> 'gave_up' or ${delivery}.acknowledged_at is null)`;
}

/** Reasons that are no error of an attempt. */
export const REASONS_WITHOUT_ERROR = [
  'endpoint_paused',
  'endpoint_disabled',
  'paused',
  'queued',
  'given_up',
] as const;

/**
 * An expression for the reason of a stuck delivery or part, with its row of `endpoints`: that
 * the endpoint is off, that a person paused it, or the last error, its own or that of the endpoint
 * it waits for.
 */
export function stuckReasonSql(delivery: string, endpoint: string): string {
  return `case when ${delivery}.state = 'gave_up' then coalesce(${delivery}.last_error, 'given_up')
    when ${endpoint}.state <> 'active' then 'endpoint_' || ${endpoint}.state
    when ${delivery}.pause_reason is not null then 'paused'
    else coalesce(${delivery}.last_error, ${endpoint}.last_error, 'queued') end`;
}

/** Null where a filter is not set. `reason`: see `stuckReasonSql`. */
export type StuckFilter = {
  endpointId: string | null;
  affiliateId: string | null;
  state: StuckState | null;
  reason: string | null;
  lastError: string | null;
};

export const NO_FILTER: StuckFilter = {
  endpointId: null,
  affiliateId: null,
  state: null,
  reason: null,
  lastError: null,
};

/**
 * The filter but for its reason, for a row of `deliveries` or a part of `stuck_counts`: $2 to $5.
 * The reason is $6.
 */
export function filterSql(row: string): string {
  return `($2::text is null or ${row}.endpoint_id = $2) and ($3::text is null or ${row}.affiliate_id = $3)
    and ($4::text is null or ${row}.state = $4) and ($5::text is null or ${row}.last_error = $5)`;
}

/**
 * A condition for stuck deliveries `d`: $1 is the operator, $2 to $6 the filter. Without a join,
 * from which the planner would begin with the endpoints.
 */
export const CHOSEN_STUCK = `d.operator_id = $1 and ${stuckSql('d')} and ${filterSql('d')}
  and ($6::text is null or $6 = (select ${stuckReasonSql('d', 'e')} from endpoints e
    where e.operator_id = d.operator_id and e.id = d.endpoint_id))`;

export function stuckValues({ endpointId, affiliateId, state, lastError, reason }: StuckFilter): unknown[] {
  return [endpointId, affiliateId, state, lastError, reason];
}
