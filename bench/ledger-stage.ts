// Ledger for the measurements: an operator with affiliates on the bench's deals, bound customers,
// events as intake stores them, and copies of that history.
import { readEvent } from '../api/events/read-event.ts';
import { createSettle } from '../activities/settlement/settle.ts';
import { DEFAULT_CLAWBACK } from '../domain/commission/terms.ts';
import { newId } from '../store/db/ids.ts';
import { createAffiliates } from '../store/attribution/affiliates.ts';
import { createDeals } from '../store/agreements/deals.ts';
import { insertEvents } from '../store/intake/event-inbox.ts';
import { createOperators } from '../store/setup/operators.ts';
import type { Pool } from '../store/db/pool.ts';
import { COMPONENTS, customersFor, eventBodies, registrationOf } from './events.ts';

/** An operator with its affiliates, and the ids of its unsettled events. */
type LedgerStage = { operatorId: string; affiliateIds: string[]; eventIds: string[] };

const GROUP = 500;

/** Inserts so many events for so many affiliates, with customers bound already. */
export async function setUpLedgerStage(pool: Pool, events: number, affiliates: number): Promise<LedgerStage> {
  const operatorId = newId('opr');
  const key = {
    id: newId('key'),
    name: 'bench',
    hash: Buffer.from(operatorId),
    hint: '',
    scopes: [],
    expiresAt: null,
  };
  await createOperators(pool).insert(
    { id: operatorId, name: 'Bench', currency: 'USD', timezone: 'UTC' },
    key,
  );
  const terms = {
    currency: 'USD',
    components: COMPONENTS,
    hold_days: 30,
    rounding: 'half_even',
    clawback: DEFAULT_CLAWBACK,
  } as const;
  const affiliateIds: string[] = [];
  for (let index = 0; index < affiliates; index++) {
    const affiliateId = newId('aff');
    await createAffiliates(pool).insert(operatorId, {
      id: affiliateId,
      name: `Affiliate ${index}`,
      externalId: null,
      parentId: null,
    });
    await createDeals(pool).insert(
      operatorId,
      { id: newId('deal'), name: 'Bench', affiliateId },
      new Date(0),
      terms,
    );
    affiliateIds.push(affiliateId);
  }
  const needed = customersFor(events);
  const clicks = await insertClicks(pool, operatorId, affiliateIds, needed.known + needed.fresh);
  const known = Array.from({ length: needed.known }, (_, index) => `c-${index}`);
  const registrations = known.map((customer, index) => registrationOf(customer, clicks[index]!));
  await settleAll(pool, operatorId, inBatches(await takeIn(pool, operatorId, registrations), GROUP));
  const eventIds = await takeIn(pool, operatorId, eventBodies(events, known, clicks.slice(needed.known)));
  await pool.query('vacuum analyze');
  return { operatorId, affiliateIds, eventIds };
}

async function insertClicks(
  pool: Pool,
  operatorId: string,
  affiliateIds: readonly string[],
  count: number,
): Promise<string[]> {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: newId('clk'),
    affiliate: affiliateIds[index % affiliateIds.length],
  }));
  await pool.query(
    `insert into clicks (operator_id, id, affiliate_id, sub1, clicked_at)
     select $1, id, affiliate, 'spring', now() - interval '1 minute'
     from json_to_recordset($2) as c (id text, affiliate text)`,
    [operatorId, JSON.stringify(rows)],
  );
  return rows.map(({ id }) => id);
}

async function takeIn(pool: Pool, operatorId: string, bodies: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const group of inBatches(bodies, GROUP)) {
    const events = group.map((body) => {
      const reading = readEvent(
        JSON.parse(body),
        {
          operatorId,
          withoutTransactionId: 'refuse',
          repeatWindowHours: 24,
          eventTypes: new Map(),
          currencies: new Map(),
        },
        Date.now(),
      );
      if (reading.kind === 'invalid') throw reading.error;
      return reading.event;
    });
    await insertEvents(pool, events);
    ids.push(...events.map(({ event }) => event.id));
  }
  return ids;
}

export function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Concurrent batches: one computes while the other waits for the database. */
const AT_ONCE = 2;

/** Settles batches; returns their durations in milliseconds, sorted. */
export async function settleAll(
  pool: Pool,
  operatorId: string,
  batches: readonly string[][],
): Promise<number[]> {
  const { settle } = createSettle({ pool, atOnce: AT_ONCE });
  const took: number[] = [];
  const rest = batches.values();
  const worker = async (): Promise<void> => {
    for (const eventIds of rest) {
      const startedAt = performance.now();
      await settle({ batchId: newId('bat'), operators: [{ operatorId, eventIds }], owner: 'batch' });
      took.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return took.toSorted((a, b) => a - b);
}

/** Columns with ids of its own, which a copy of the ledger renames. */
const COPIED: readonly (readonly [table: string, ids: readonly string[]])[] = [
  ['affiliates', ['id']],
  ['deals', ['id', 'affiliate_id']],
  ['deal_versions', ['deal_id']],
  ['accounts', ['id', 'affiliate_id']],
  ['clicks', ['id', 'affiliate_id']],
  ['bindings', ['customer_id', 'affiliate_id', 'event_id', 'click_id']],
  ['events', ['id', 'key', 'transaction_id', 'customer_id', 'click_id']],
  ['event_outcomes', ['event_id', 'affiliate_id', 'deal_id', 'click_id']],
  ['slots', ['id', 'key', 'affiliate_id', 'deal_id']],
  ['slot_facts', ['original_event_id', 'slot_id', 'event_id']],
  ['ratings', ['slot_id']],
  ['transfers', ['id', 'affiliate_id', 'slot_id', 'event_id', 'credit_account']],
  ['balances', ['affiliate_id']],
];

/**
 * Copies an operator's ledger and affiliates until it holds so many transfers; returns the final
 * number.
 */
export async function multiply(pool: Pool, operatorId: string, transfers: number): Promise<number> {
  const count = async (): Promise<number> => {
    const { rows } = await pool.query<{ count: number }>(
      `select count(*)::int from transfers where operator_id = $1`,
      [operatorId],
    );
    return rows[0]!.count;
  };
  const copies = Math.ceil(transfers / (await count())) - 1;
  for (const [table, ids] of COPIED) {
    const { rows } = await pool.query<{ name: string }>(
      `select attname as name
       from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [table],
    );
    const names = rows.map(({ name }) => name);
    const values = names.map((name) => (ids.includes(name) ? `${name} || '~' || copy` : name));
    const isOwn = table === 'accounts' ? 'and affiliate_id is not null' : '';
    await pool.query(
      `insert into ${table} (${names.join(', ')})
       select ${values.join(', ')}
       from ${table}, generate_series(1, ${copies}) as copy
       where operator_id = $1 ${isOwn}
       order by copy`,
      [operatorId],
    );
  }
  await pool.query('vacuum analyze');
  return count();
}
