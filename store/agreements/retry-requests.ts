// Retry requests: reasons of set-aside events that may settle now. Written with the change that may
// help, deleted after the retry.
import type { Queryable } from '../db/pool.ts';

/** Reasons that a change by the operator can resolve. */
export type RetryableReason = 'no_exchange_rate' | 'payout_required';

/**
 * Requests a retry for each reason that set-aside events have, and returns these reasons. Exact
 * only in a transaction that excludes settling (`lockReversals`): a batch being settled could set
 * events aside a moment later.
 */
export async function requestRetries<Reason extends string>(
  db: Queryable,
  operatorId: string,
  reasons: readonly Reason[],
): Promise<Reason[]> {
  const { rows } = await db.query<{ reason: Reason }>(
    `insert into retries_wanted (operator_id, reason)
     select $1, asked.reason from unnest($2::text[]) as asked (reason)
     where exists (select from event_outcomes o
       where o.operator_id = $1 and o.status = 'set_aside' and o.reason = asked.reason)
     on conflict (operator_id, reason) do update set wanted_at = now()
     returning reason`,
    [operatorId, reasons],
  );
  return rows.map(({ reason }) => reason);
}

/** Much longer than a page of events takes: only a retry that was ended leaves a note so old. */
const NOTED_FOR_SECONDS = 60;

/**
 * Notes that a retry is under way, for a while. Returns the exact time of the latest request, as
 * text; null when there is none.
 */
export async function noteRetry(db: Queryable, operatorId: string, reason: string): Promise<string | null> {
  const { rows } = await db.query<{ wantedAt: string }>(
    `update retries_wanted set settling_until = now() + make_interval(secs => $3)
     where operator_id = $1 and reason = $2 returning wanted_at::text as "wantedAt"`,
    [operatorId, reason, NOTED_FOR_SECONDS],
  );
  return rows[0]?.wantedAt ?? null;
}

/** Requests that no retry has taken up; over all operators, for the sweep. */
export async function findOpenRetryRequests(
  db: Queryable,
  limit: number,
): Promise<{ operatorId: string; reason: string }[]> {
  const { rows } = await db.query<{ operatorId: string; reason: string }>(
    `select operator_id as "operatorId", reason from retries_wanted
     where settling_until is null or settling_until <= now() order by wanted_at limit $1`,
    [limit],
  );
  return rows;
}

/** Deletes the request. A newer one, which replaced it meanwhile, is open again. */
export async function clearRetryRequest(
  db: Queryable,
  operatorId: string,
  reason: string,
  wantedAt: string,
): Promise<void> {
  await db.query(
    `with done as (
       delete from retries_wanted where operator_id = $1 and reason = $2 and wanted_at::text = $3)
     update retries_wanted set settling_until = null
     where operator_id = $1 and reason = $2 and wanted_at::text <> $3`,
    [operatorId, reason, wantedAt],
  );
}
