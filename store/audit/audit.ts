// The audit: recomputes every operator's ledger from its events, and lists the differences. Each
// operator is read in one snapshot, so that the audit can run beside live traffic. It changes
// nothing.
import { formatMoney } from '../../domain/ledger/money.ts';
import { COMPARISONS } from './comparisons.ts';
import { readDeals, type Check, type Finding } from './context.ts';
import { dividedReversals } from './divided-reversals.ts';
import { missingReversals } from './reversals.ts';
import { exchanges } from './fx.ts';
import { misplacedTrades } from './symbols.ts';
import { bountiesPaidTwice } from './limits.ts';
import { recountedSlots } from './recounted-slots.ts';
import { currenciesColumn, knowCurrencies, type CurrenciesColumn } from '../db/currencies.ts';
import { withTransaction, type Pool, type PoolClient } from '../db/pool.ts';
import { parentsAt } from '../../domain/attribution/parents.ts';
import { MAX_OVERRIDE_LEVELS } from '../../domain/commission/terms.ts';
import type { ParentsOf } from '../../domain/settlement/slot-targets.ts';
import { readAllParents } from '../attribution/parents.ts';
import { readZones } from '../ledger/time-zones.ts';

/**
 * Result for an operator and a currency. `unexplained`: the sum of all differences, as decimal
 * text.
 */
type AuditLine = {
  operator: string;
  currency: string;
  unexplained: string;
  transfers: number;
  findings: number;
};

type Operator = { id: string; currency: string } & CurrenciesColumn;
type OnFinding = (operatorId: string, finding: Finding) => void;

/** Long checks first, so that none of them runs alone at the end. */
const CHECKS: readonly Check[] = [
  recountedSlots,
  ...COMPARISONS,
  missingReversals,
  bountiesPaidTwice,
  dividedReversals,
  exchanges,
  misplacedTrades,
];

/**
 * Concurrent checks. On two cores a third would only wait, and further cores are left to live
 * traffic.
 */
const AT_ONCE = 2;

/**
 * Connections that the pool of an audit needs: one holds the snapshot, each concurrent check has
 * its own.
 */
export const AUDIT_CONNECTIONS = AT_ONCE + 1;

/** A million rows take seconds; many millions take longer than the limit of other statements. */
const LIMITS = { statementTimeoutMs: 3_600_000 };

/**
 * Audits one operator after the other, or the operator with the id `only`; throws when there is no
 * such operator. `onFinding` receives each finding at once.
 */
export async function* auditAll(
  pool: Pool,
  onFinding: OnFinding,
  only: string | null = null,
): AsyncGenerator<AuditLine> {
  const { rows } = await pool.query<Operator>(
    `select id, currency, ${currenciesColumn('operators.id')} from operators
     where $1::text is null or id = $1 order by id`,
    [only],
  );
  if (only !== null && rows.length === 0) throw new Error(`there is no operator ${only}`);
  for (const operator of rows) {
    knowCurrencies(operator);
    yield* await withTransaction(pool, (client) => auditOperator(pool, client, operator, onFinding), LIMITS);
  }
}

/** Runs all checks on connections of their own, in the snapshot of this transaction. */
async function auditOperator(
  pool: Pool,
  client: PoolClient,
  operator: Operator,
  onFinding: OnFinding,
): Promise<AuditLine[]> {
  await client.query('set transaction isolation level repeatable read read only');
  const { rows } = await client.query<{ snapshot: string }>('select pg_export_snapshot() as snapshot');
  const { id: operatorId, currency } = operator;
  const isMost = await holdsMost(client, operatorId);
  const deals = await readDeals(client, operatorId);
  const zones = await readZones(client, operatorId);
  const parents = await readAllParents(client, operatorId);
  const parentsOf: ParentsOf = (affiliateId, moment) =>
    parentsAt(parents, affiliateId, moment, MAX_OVERRIDE_LEVELS);
  const found = new Map<string, Found>();
  const run = async (own: PoolClient, check: Check): Promise<void> => {
    const audited = { client: own, operatorId, currency, zones, parentsOf, isMost, deals };
    for await (const finding of check(audited)) {
      onFinding(operatorId, finding);
      const { findings, minor } = found.get(finding.currency) ?? NOTHING;
      found.set(finding.currency, { findings: findings + 1, minor: minor + finding.minor });
    }
  };
  const rest = CHECKS.values();
  const worker = (): Promise<void> =>
    withTransaction(
      pool,
      async (own) => {
        await own.query(reading(rows[0]!.snapshot));
        for (const check of rest) await run(own, check);
      },
      LIMITS,
    );
  const counting = countTransfers(client, operator);
  const ends = await Promise.allSettled([counting, ...Array.from({ length: AT_ONCE }, worker)]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  const counts = await counting;
  return Array.from(new Set([...counts.keys(), ...found.keys()]), (code) => {
    const { findings, minor } = found.get(code) ?? NOTHING;
    const unexplained = formatMoney(minor, code);
    return { operator: operatorId, currency: code, unexplained, transfers: counts.get(code) ?? 0, findings };
  });
}

/**
 * Memory to hash a whole tenant, and plans for all rows of a cursor. Checks run concurrently, so
 * none needs parallel workers. Compiling a statement costs more than it saves in these.
 */
function reading(snapshot: string): string {
  return `set transaction isolation level repeatable read read only; set transaction snapshot '${snapshot}';
    set local work_mem = '128MB'; set local hash_mem_multiplier = 4; set local cursor_tuple_fraction = 1;
    set local max_parallel_workers_per_gather = 0; set local jit = off`;
}

type Found = { findings: number; minor: bigint };

const NOTHING: Found = { findings: 0, minor: 0n };

/** Counts transfers by currency; the operator's own currency is always included. */
async function countTransfers(client: PoolClient, operator: Operator): Promise<Map<string, number>> {
  const { rows } = await client.query<{ currency: string; transfers: number }>(
    `select currency, count(*)::float8 as transfers from transfers where operator_id = $1
     group by currency order by currency`,
    [operator.id],
  );
  return new Map([
    [operator.currency, 0],
    ...rows.map(({ currency, transfers }) => [currency, transfers] as const),
  ]);
}

/**
 * Whether most transfers, and so most rows of other tables, are the operator's: reading whole
 * tables is then faster than index lookups. Estimated by a sample, since counting takes as long as
 * a check.
 */
async function holdsMost(client: PoolClient, operatorId: string): Promise<boolean> {
  const { rows } = await client.query<{ isMost: boolean }>(
    `select count(*) filter (where operator_id = $1) > count(*) / 2 as "isMost"
     from transfers tablesample system (1)`,
    [operatorId],
  );
  return rows[0]!.isMost;
}
