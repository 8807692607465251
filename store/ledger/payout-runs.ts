// Payout runs: each has a row with what it asks for and its progress, and a row for each affiliate
// with what became of it; payout-run-steps.ts brings it on.
import type { RunResult, RunState } from '../../domain/ledger/payout-runs.ts';
import type { PayoutState } from '../../domain/ledger/lifecycle.ts';
import { newId } from '../db/ids.ts';
import type { Page } from '../db/page.ts';
import type { Pool, Queryable } from '../db/pool.ts';

/**
 * A payout run, in minor units. `total`: affiliates with something payable when it began; `done`:
 * those looked at; `created`: payouts made, which come to `amountMinor`. `actor` is the id of an
 * API key.
 */
export type PayoutRun = {
  id: string;
  currency: string;
  minimumMinor: bigint;
  needsDetails: boolean;
  isDryRun: boolean;
  state: RunState;
  total: number;
  done: number;
  created: number;
  amountMinor: bigint;
  actor: string;
  createdAt: Date;
  finishedAt: Date | null;
};

/** What is asked for. `givenMinimumMinor` null: none; the operator's own is in `minimumMinor`. */
export type NewPayoutRun = Pick<
  PayoutRun,
  'currency' | 'minimumMinor' | 'needsDetails' | 'isDryRun' | 'actor'
> & { givenMinimumMinor: bigint | null; idempotencyKey: string | null };

/** What became of an affiliate. `id` is that of the affiliate, by which the list goes. */
export type RunItem = {
  id: string;
  name: string;
  externalId: string | null;
  result: RunResult;
  amountMinor: bigint;
  payoutId: string | null;
  payoutState: PayoutState | null;
  /** The bank's own number of the payout. */
  externalReference: string | null;
};

/** A payout of a run that a bank's list names. */
export type ListedPayout = { id: string; state: PayoutState; externalReference: string | null };

type RunCount = { result: RunResult; affiliates: number; amountMinor: bigint };

export const RUN_COLUMNS = `id, currency, minimum_minor as "minimumMinor", needs_details as "needsDetails",
  is_dry_run as "isDryRun", state, total, done, created, amount_minor as "amountMinor", actor,
  created_at as "createdAt", finished_at as "finishedAt"`;

export function createPayoutRuns(pool: Pool) {
  return {
    insert: (operatorId: string, wanted: NewPayoutRun) => insert(pool, operatorId, wanted),

    /** Null when there is no such run. */
    async find(operatorId: string, id: string): Promise<PayoutRun | null> {
      const { rows } = await pool.query<PayoutRun>(
        `select ${RUN_COLUMNS} from payout_runs where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rows[0] ?? null;
    },

    async list(operatorId: string, page: Page): Promise<PayoutRun[]> {
      const { rows } = await pool.query<PayoutRun>(
        `select ${RUN_COLUMNS} from payout_runs where operator_id = $1 and ($2::text is null or id < $2)
         order by id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },

    /** Affiliates by what became of them. */
    async counts(operatorId: string, id: string): Promise<RunCount[]> {
      const { rows } = await pool.query<RunCount>(
        `select result, count(*)::int as affiliates, bigint_sum(amount_minor) as "amountMinor"
         from payout_run_items where operator_id = $1 and run_id = $2 group by result order by result`,
        [operatorId, id],
      );
      return rows;
    },

    /** The affiliates of a run, the newest first; `result` null: any. */
    async listItems(
      operatorId: string,
      id: string,
      result: RunResult | null,
      page: Page,
    ): Promise<RunItem[]> {
      const { rows } = await pool.query<RunItem>(
        `select i.affiliate_id as id, a.name, a.external_id as "externalId", i.result,
           i.amount_minor as "amountMinor", i.payout_id as "payoutId", p.state as "payoutState",
           p.external_reference as "externalReference"
         from payout_run_items i
         join affiliates a on a.operator_id = i.operator_id and a.id = i.affiliate_id
         left join payouts p on p.operator_id = i.operator_id and p.id = i.payout_id
         where i.operator_id = $1 and i.run_id = $2 and ($3::text is null or i.result = $3)
           and ($4::text is null or i.affiliate_id < $4)
         order by i.affiliate_id desc limit $5`,
        [operatorId, id, result, page.before, page.limit],
      );
      return rows;
    },

    /**
     * A run's payouts by what a bank's list calls them: the id of the payout, or its external
     * reference.
     */
    async payoutsByReference(
      operatorId: string,
      id: string,
      references: readonly string[],
    ): Promise<Map<string, ListedPayout>> {
      const { rows } = await pool.query<ListedPayout & { reference: string }>(
        `select r.reference, p.id, p.state, p.external_reference as "externalReference" from unnest($3::text[]) as r (reference)
         join payouts p on p.operator_id = $1 and (p.id = r.reference or p.external_reference = r.reference)
         join payout_run_items i on i.operator_id = $1 and i.payout_id = p.id and i.run_id = $2`,
        [operatorId, id, references],
      );
      return new Map(rows.map(({ reference, ...payout }) => [reference, payout]));
    },
  };
}

/**
 * Stores a run with the number of affiliates for whom something is payable now; or returns the run
 * of the same key, or `other_request` where that asks for something else.
 */
async function insert(
  db: Queryable,
  operatorId: string,
  wanted: NewPayoutRun,
): Promise<{ kind: 'stored' | 'repeated'; run: PayoutRun } | { kind: 'other_request' }> {
  const { currency, minimumMinor, givenMinimumMinor, needsDetails, isDryRun, actor, idempotencyKey } = wanted;
  const { rows } = await db.query<PayoutRun>(
    `insert into payout_runs (operator_id, id, currency, minimum_minor, given_minimum_minor, needs_details,
       is_dry_run, actor, idempotency_key, total, through_id)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9, count(*), coalesce(max(affiliate_id), '')
     from balances where operator_id = $1 and currency = $3 and payable_minor > 0
     on conflict (operator_id, idempotency_key) do nothing returning ${RUN_COLUMNS}`,
    [
      operatorId,
      newId('run'),
      currency,
      minimumMinor,
      givenMinimumMinor,
      needsDetails,
      isDryRun,
      actor,
      idempotencyKey,
    ],
  );
  if (rows[0] !== undefined) return { kind: 'stored', run: rows[0] };
  const { rows: same } = await db.query<PayoutRun>(
    `select ${RUN_COLUMNS} from payout_runs
     where operator_id = $1 and idempotency_key = $2 and currency = $3
       and given_minimum_minor is not distinct from $4 and needs_details = $5 and is_dry_run = $6`,
    [operatorId, idempotencyKey, currency, givenMinimumMinor, needsDetails, isDryRun],
  );
  return same[0] === undefined ? { kind: 'other_request' } : { kind: 'repeated', run: same[0] };
}

/** Stops a running run; payouts that it has made stay. */
export async function cancelPayoutRun(db: Queryable, operatorId: string, id: string): Promise<void> {
  await db.query(
    `update payout_runs set state = 'cancelled', finished_at = now()
     where operator_id = $1 and id = $2 and state = 'running'`,
    [operatorId, id],
  );
}
