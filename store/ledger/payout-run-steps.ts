// Steps of payout runs. A run looks at each affiliate for whom something was payable when it began,
// in the order of their ids. Each is paid in a transaction of its own, which also writes what
// became of it and moves the run's position: so a step repeated after a crash pays nobody twice.
import { payoutRunData } from '../../domain/delivery/notices.ts';
import { judge, type RunCandidate, type RunResult } from '../../domain/ledger/payout-runs.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { notifyOperator } from '../delivery/notices.ts';
import { inLedger, type Ledger } from './ledger-transaction.ts';
import { RUN_COLUMNS, type PayoutRun } from './payout-runs.ts';
import { reservePayout } from './payouts.ts';

/** The run after a step. `endpointsToWake`: queues that a notice joined. */
export type PayoutRunStep = Pick<PayoutRun, 'state' | 'total' | 'done' | 'created'> & {
  endpointsToWake: string[];
};

type Row = PayoutRun & { afterId: string; throughId: string };
type Candidate = RunCandidate & { affiliateId: string };

/** Affiliates of a step: some seconds, where each has many commissions. */
const AT_ONCE = 100;

/**
 * Looks at the next affiliates of a run, unless it is over. Steps at one time follow each other.
 */
export async function stepPayoutRun(pool: Pool, operatorId: string, id: string): Promise<PayoutRunStep> {
  const run = await readRun(pool, operatorId, id);
  if (run === null) return { state: 'cancelled', total: 0, done: 0, created: 0, endpointsToWake: [] };
  if (run.state !== 'running') return stepOf(run);
  const affiliateIds = await readNext(pool, operatorId, run);
  for (const affiliateId of affiliateIds) {
    const isStill = await inLedger(pool, operatorId, (ledger) => payOne(ledger, id, affiliateId));
    if (!isStill) break;
  }
  if (affiliateIds.length < AT_ONCE) return finish(pool, operatorId, id);
  return stepOf((await readRun(pool, operatorId, id))!);
}

async function readRun(db: Queryable, operatorId: string, id: string, lock = ''): Promise<Row | null> {
  const { rows } = await db.query<Row>(
    `select ${RUN_COLUMNS}, after_id as "afterId", through_id as "throughId"
     from payout_runs where operator_id = $1 and id = $2 ${lock}`,
    [operatorId, id],
  );
  return rows[0] ?? null;
}

async function readNext(
  db: Queryable,
  operatorId: string,
  { currency, afterId, throughId }: Row,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select affiliate_id as id from balances
     where operator_id = $1 and currency = $2 and payable_minor > 0 and affiliate_id > $3 and affiliate_id <= $4
     order by affiliate_id limit ${AT_ONCE}`,
    [operatorId, currency, afterId, throughId],
  );
  return rows.map(({ id }) => id);
}

/**
 * Pays an affiliate, or notes why not. Returns false where the run is over. The lock on the run
 * keeps a second step, and its cancellation, waiting.
 */
async function payOne(ledger: Ledger, runId: string, affiliateId: string): Promise<boolean> {
  const { client, operatorId } = ledger;
  const run = await readRun(client, operatorId, runId, 'for no key update');
  if (run?.state !== 'running') return false;
  // Another step was here meanwhile.
  if (run.afterId >= affiliateId) return true;
  const candidate = await readCandidate(client, operatorId, affiliateId, run.currency);
  const outcome = await outcomeOf(ledger, run, candidate);
  await client.query(
    `insert into payout_run_items (operator_id, run_id, affiliate_id, result, amount_minor, payout_id)
     values ($1, $2, $3, $4, $5, $6)`,
    [operatorId, runId, affiliateId, outcome.result, outcome.amountMinor, outcome.payoutId],
  );
  const isCreated = outcome.result === 'created';
  await client.query(
    `update payout_runs set after_id = $3, done = done + 1, created = created + $4,
       amount_minor = amount_minor + $5
     where operator_id = $1 and id = $2`,
    [operatorId, runId, affiliateId, isCreated ? 1 : 0, isCreated ? outcome.amountMinor : 0n],
  );
  return true;
}

async function readCandidate(
  db: Queryable,
  operatorId: string,
  affiliateId: string,
  currency: string,
): Promise<Candidate> {
  const { rows } = await db.query<Candidate>(
    `select a.id as "affiliateId", b.payable_minor as "payableMinor", b.debt_minor as "debtMinor",
       a.state = 'suspended' as "isSuspended", d.party is not null as "hasDetails"
     from balances b
     join affiliates a on a.operator_id = b.operator_id and a.id = b.affiliate_id
     left join payment_details d on d.operator_id = b.operator_id and d.party = b.affiliate_id
     where b.operator_id = $1 and b.affiliate_id = $2 and b.currency = $3`,
    [operatorId, affiliateId, currency],
  );
  return rows[0]!;
}

type Outcome = { result: RunResult; amountMinor: bigint; payoutId: string | null };

/** Reserving has the last word: it locks what the judgement only reads. */
async function outcomeOf(ledger: Ledger, run: Row, candidate: Candidate): Promise<Outcome> {
  const judged = judge(candidate, run);
  if (judged.result !== 'created' || run.isDryRun) return { ...judged, payoutId: null };
  const reserved = await reservePayout(ledger, {
    affiliateId: candidate.affiliateId,
    currency: run.currency,
    minimumMinor: run.minimumMinor,
    idempotencyKey: null,
    actor: run.actor,
  });
  switch (reserved.kind) {
    case 'reserved':
      return { result: 'created', amountMinor: reserved.payout.amountMinor, payoutId: reserved.payout.id };
    case 'suspended':
      return { result: 'suspended', amountMinor: judged.amountMinor, payoutId: null };
    case 'nothing':
      return { result: 'nothing_due', amountMinor: 0n, payoutId: null };
    case 'below_minimum':
      return { result: 'below_minimum', amountMinor: reserved.amountMinor, payoutId: null };
    case 'other_request':
      throw new Error('a payout without a key was taken for another request');
  }
}

/** Ends a run and notifies the operator's webhooks, once. */
function finish(pool: Pool, operatorId: string, id: string): Promise<PayoutRunStep> {
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query<Row>(
      `update payout_runs set state = 'done', finished_at = now()
       where operator_id = $1 and id = $2 and state = 'running' returning ${RUN_COLUMNS}`,
      [operatorId, id],
    );
    const [run] = rows;
    if (run === undefined) return stepOf((await readRun(client, operatorId, id))!);
    if (run.isDryRun) return stepOf(run);
    const data = payoutRunData(run);
    return stepOf(run, await notifyOperator(client, operatorId, 'payout_run.done', id, data));
  });
}

function stepOf({ state, total, done, created }: PayoutRun, endpointsToWake: string[] = []): PayoutRunStep {
  return { state, total, done, created, endpointsToWake };
}
