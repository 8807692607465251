// The audit: recomputes the books of every operator from what happened, and lists whatever that does not explain. Each operator is read in
// one snapshot, so that it can run beside live traffic, and nothing is changed.
import { formatMoney } from '../domain/money.ts';
import { comparisons } from './audit-comparisons.ts';
import { readDeals, type Check, type Finding } from './audit-context.ts';
import { missingReversals } from './audit-reversals.ts';
import { recountedSlots } from './audit-slots.ts';
import { withTransaction, type Pool, type PoolClient } from './pool.ts';

/** What the audit of an operator came to in a currency: how far the books are off, as decimal text, over how many transfers. */
export type AuditLine = { operator: string; currency: string; unexplained: string; transfers: number; findings: number };

type Operator = { id: string; currency: string };
type OnFinding = (operatorId: string, finding: Finding) => void;

const CHECKS: readonly Check[] = [comparisons, recountedSlots, missingReversals];

/** A million rows take seconds; many millions may take longer than any request would be given. */
const LIMITS = { statementTimeoutMs: 3_600_000 };

/** Audits one operator after the other; findings are told as they are found. */
export async function* auditAll(pool: Pool, onFinding: OnFinding): AsyncGenerator<AuditLine> {
  const { rows } = await pool.query<Operator>(`select id, currency from operators order by id`);
  for (const operator of rows) {
    yield* await withTransaction(pool, (client) => auditOperator(client, operator, onFinding), LIMITS);
  }
}

async function auditOperator(client: PoolClient, operator: Operator, onFinding: OnFinding): Promise<AuditLine[]> {
  // Every check reads a whole tenant, but the planner takes a tenant for 0.5 % of a table and a cursor for one whose first rows matter:
  // it would look rows up one by one where whole tables must be joined.
  await client.query(`set transaction isolation level repeatable read read only;
    set local work_mem = '128MB'; set local cursor_tuple_fraction = 1; set local enable_nestloop = off`);
  const totals = await countTransfers(client, operator);
  const { id: operatorId, currency } = operator;
  const audited = { client, operatorId, currency, deals: await readDeals(client, operatorId) };
  for (const check of CHECKS) {
    for await (const finding of check(audited)) {
      onFinding(operatorId, finding);
      const total = totals.get(finding.currency) ?? NOTHING;
      totals.set(finding.currency, { ...total, findings: total.findings + 1, minor: total.minor + finding.minor });
    }
  }
  return Array.from(totals, ([code, { transfers, findings, minor }]) => {
    return { operator: operatorId, currency: code, unexplained: formatMoney(minor, code), transfers, findings };
  });
}

type Total = { transfers: number; findings: number; minor: bigint };

const NOTHING: Total = { transfers: 0, findings: 0, minor: 0n };

/** One total for each currency with transfers, and one for the operator's own. */
async function countTransfers(client: PoolClient, operator: Operator): Promise<Map<string, Total>> {
  const { rows } = await client.query<{ currency: string; transfers: bigint }>(
    `select currency, count(*) as transfers from transfers where operator_id = $1 group by currency order by currency`,
    [operator.id],
  );
  const totals = new Map([[operator.currency, NOTHING]]);
  for (const { currency, transfers } of rows) totals.set(currency, { ...NOTHING, transfers: Number(transfers) });
  return totals;
}
