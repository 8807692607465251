// Cost of the ledger alone, on a database of its own: settling without postbacks, the audit of a
// million transfers, the release of holds.
import { createHolds } from '../store/ledger/holds.ts';
import { auditAll } from '../store/audit/audit.ts';
import { migrate } from '../store/db/migrate.ts';
import { createPool, type Pool } from '../store/db/pool.ts';
import { percentile, type Figures } from './figures.ts';
import { inBatches, multiply, setUpLedgerStage, settleAll } from './ledger-stage.ts';
import { withOwnDatabase } from './own-database.ts';

const AFFILIATES = 20;
const LARGE = 500;
const SMALL = 100;
const AUDITED = 1_000_000;
const RELEASED = 300_000;

/**
 * `isQuick`: without the audit and the holds, which need a million transfers. Throws when the audit
 * finds anything.
 */
export async function measureLedger(events: number, isQuick: boolean): Promise<Partial<Figures>> {
  return withOwnDatabase(async (databaseUrl) => {
    await migrate(databaseUrl);
    const pool = createPool(databaseUrl, { max: 8, applicationName: 'bench' });
    try {
      return await measureAll(pool, events, isQuick);
    } finally {
      await pool.end();
    }
  });
}

async function measureAll(pool: Pool, events: number, isQuick: boolean): Promise<Partial<Figures>> {
  const spread = await measureSettling(pool, events, AFFILIATES);
  const { perSecond: onOne } = await measureSettling(pool, Math.ceil(events / 2), 1);
  const figures = {
    settle_per_s: spread.perSecond,
    settle_p99_ms: spread.p99Ms,
    settle_one_affiliate_per_s: onOne,
  };
  if (isQuick) return figures;
  const audited = await measureAudit(pool, spread.operatorId);
  return { ...figures, audit_1m_s: audited, release_300k_s: await measureReleasing(pool, spread.operatorId) };
}

/**
 * A tenth warms up, half is settled in large batches for the rate, the rest in small batches for
 * the duration of a batch.
 */
async function measureSettling(
  pool: Pool,
  events: number,
  affiliates: number,
): Promise<{ operatorId: string; perSecond: number; p99Ms: number }> {
  const { operatorId, eventIds } = await setUpLedgerStage(pool, events, affiliates);
  await settleAll(pool, operatorId, inBatches(eventIds.splice(0, Math.ceil(events / 10)), LARGE));
  const large = eventIds.splice(0, Math.ceil(events / 2));
  const startedAt = performance.now();
  await settleAll(pool, operatorId, inBatches(large, LARGE));
  const perSecond = Math.round((large.length * 1000) / (performance.now() - startedAt));
  await settleAll(pool, operatorId, inBatches(eventIds.splice(0, Math.ceil(events / 20)), SMALL));
  const p99Ms = percentile(await settleAll(pool, operatorId, inBatches(eventIds, SMALL)), 0.99);
  return { operatorId, perSecond, p99Ms };
}

/** Seconds of an audit of at least a million transfers. */
async function measureAudit(pool: Pool, operatorId: string): Promise<number> {
  await multiply(pool, operatorId, AUDITED);
  const startedAt = performance.now();
  const findings: string[] = [];
  for await (const { unexplained } of auditAll(pool, (_, { check, about, detail }) =>
    findings.push(`${check} ${about}: ${detail}`),
  )) {
    if (Number(unexplained) !== 0) findings.push(`unexplained: ${unexplained}`);
  }
  if (findings.length > 0)
    throw new Error(`the audit found ${findings.length} differences, the first: ${findings[0]}`);
  return Math.round((performance.now() - startedAt) / 100) / 10;
}

/**
 * Seconds to release so many due holds, through the function that the schedule's workflow calls.
 */
async function measureReleasing(pool: Pool, operatorId: string): Promise<number> {
  const { rowCount } = await pool.query(
    `update slots set hold_until = now() - interval '1 minute' where operator_id = $1 and id = any(array(
       select id from slots where operator_id = $1 and pending_minor > 0 order by id limit $2))`,
    [operatorId, RELEASED],
  );
  if (rowCount !== RELEASED) throw new Error(`only ${rowCount} holds could be made due`);
  await pool.query('vacuum analyze slots');
  const holds = createHolds(pool);
  const startedAt = performance.now();
  let released = 0;
  for (let more = true; more;) {
    const step = await holds.release(operatorId, null, Date.now() + 20_000);
    released += step.released;
    ({ more } = step);
  }
  if (released !== RELEASED) throw new Error(`of ${RELEASED} holds ${released} were released`);
  return Math.round((performance.now() - startedAt) / 100) / 10;
}
