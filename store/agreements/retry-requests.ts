// Reasons for which events set aside may settle now: written with what helps them, taken away once they were tried.
import type { Queryable } from '../db/pool.ts';

/** Reasons that what an operator adds can help. */
export type RetryableReason = 'no_exchange_rate' | 'payout_required';

/**
 * Marks those of the reasons for which events are set aside, and gives them. Exact only in a transaction that keeps settling out (`lockStrikes`):
 * what is being settled meanwhile could be set aside a moment later.
 */
export async function requestRetries<Reason extends string>(
  db: Queryable,
  operatorId: string,
  reasons: readonly Reason[],
): Promise<Reason[]> {
  const { rows } = await db.query<{ reason: Reason }>(
    `insert into retries_wanted (operator_id, reason)
     select $1, asked.reason from unnest($2::text[]) as asked (reason)
     where exists (select from event_outcomes o where o.operator_id = $1 and o.status = 'set_aside' and o.reason = asked.reason)
     on conflict (operator_id, reason) do update set wanted_at = now()
     returning reason`,
    [operatorId, reasons],
  );
  return rows.map(({ reason }) => reason);
}

/** When a retry was last wanted, exactly; null where none is. */
export async function findRetryRequest(
  db: Queryable,
  operatorId: string,
  reason: string,
): Promise<string | null> {
  const { rows } = await db.query<{ wantedAt: string }>(
    `select wanted_at::text as "wantedAt" from retries_wanted where operator_id = $1 and reason = $2`,
    [operatorId, reason],
  );
  return rows[0]?.wantedAt ?? null;
}

/** Takes the mark away, unless somebody wanted a retry since. */
export async function clearRetryRequest(
  db: Queryable,
  operatorId: string,
  reason: string,
  wantedAt: string,
): Promise<void> {
  await db.query(
    `delete from retries_wanted where operator_id = $1 and reason = $2 and wanted_at::text = $3`,
    [operatorId, reason, wantedAt],
  );
}
