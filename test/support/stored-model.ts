// The model's world in a real database: an operator with one deal, affiliates with parents, bound
// customers, rates and a history.
import { newId } from '../../store/db/ids.ts';
import { createAffiliates } from '../../store/attribution/affiliates.ts';
import { createDeals } from '../../store/agreements/deals.ts';
import { insertEvents } from '../../store/intake/event-inbox.ts';
import { createOperators } from '../../store/setup/operators.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import type { Earning, ModelVersion } from './commission-model.ts';
import { PARENTS, RATES } from './stories.ts';

type StoredWorld = { readonly operatorId: string };

/** Stores an operator with these versions and inserts the events unsettled. */
export async function storeWorld(
  pool: Pool,
  versions: readonly ModelVersion[],
  events: readonly ConversionEvent[],
  boundTo: Readonly<Record<string, string>>,
): Promise<StoredWorld> {
  const operatorId = newId('opr');
  const key = {
    id: newId('key'),
    name: 'test',
    hash: Buffer.from(operatorId),
    hint: '',
    scopes: [],
    expiresAt: null,
  };
  await createOperators(pool).insert(
    { id: operatorId, name: 'Test Broker', currency: 'USD', timezone: 'UTC' },
    key,
  );
  const chain = PARENTS['aff_b']!;
  for (const [index, parentId] of [...chain.toReversed(), 'aff_b'].entries()) {
    const above = index === 0 ? null : chain[chain.length - index]!;
    await createAffiliates(pool).insert(operatorId, {
      id: parentId,
      name: parentId,
      externalId: null,
      parentId: above,
    });
  }
  const deals = createDeals(pool);
  const [first, ...later] = versions;
  await deals.insert(
    operatorId,
    { id: 'deal_test', name: 'Test', affiliateId: null },
    new Date(first!.from),
    first!.terms,
  );
  for (const { from, terms } of later) await deals.addVersion(operatorId, 'deal_test', new Date(from), terms);
  await pool.query(
    `insert into bindings (operator_id, customer_id, affiliate_id, event_id, batch_id, since, occurred_at)
     select $1, customer, affiliate, 'evt_bound', 'bat_bound', 'epoch', 'epoch'
     from json_each_text($2) as b (customer, affiliate)`,
    [operatorId, JSON.stringify(boundTo)],
  );
  await pool.query(
    `insert into fx_rates (operator_id, id, base, quote, rate, source, as_of, actor)
     select $1, id, base, quote, rate, 'test', as_of, 'test'
     from json_to_recordset($2) as r (id text, base text, quote text, rate numeric, as_of timestamptz)`,
    [
      operatorId,
      JSON.stringify(
        RATES.map(({ asOf, ...rate }, index) => ({ ...rate, id: `fx_${index}`, as_of: new Date(asOf) })),
      ),
    ],
  );
  await insertEvents(
    pool,
    events.map((event) => ({
      event: { ...event, operatorId },
      metadata: null,
      contentHash: Buffer.from(event.id),
    })),
  );
  return { operatorId };
}

/** Booked amounts per slot, named as in the model; zero amounts are left out. */
export async function bookedIn(pool: Pool, operatorId: string): Promise<Earning[]> {
  const { rows } = await pool.query<Earning>(
    `select affiliate_id as "affiliateId", minor,
       case when level is null then name else 'part ' || level || ' of ' || name end as name
     from (
       select s.affiliate_id, s.level, s.gross_minor - s.void_minor - s.clawed_minor - s.debt_minor as minor,
         case own.kind
           when 'cpa' then 'cpa ' || own.component || ' ' || split_part(own.key, 'customer ', 2)
           when 'percent' then 'percent ' || own.component || ' ' || split_part(own.key, '/', 5)
           when 'payout' then 'payout ' || split_part(own.key, '/', 4)
           else own.kind || ' ' || own.component || ' ' || own.affiliate_id || ' ' || own.period
             || ' v' || own.deal_version
         end as name
       from slots s
       join slots own on own.operator_id = $1 and own.id = coalesce(s.source_id, s.id)
       where s.operator_id = $1
     ) as booked
     where minor <> 0`,
    [operatorId],
  );
  return rows;
}

/** Totals per affiliate: booked, reported, and cached balance; zero totals are left out. */
export async function totalsIn(
  pool: Pool,
  operatorId: string,
): Promise<Record<'booked' | 'reported' | 'balance', Map<string, bigint>>> {
  const sums = async (text: string): Promise<Map<string, bigint>> => {
    const { rows } = await pool.query<{ id: string; minor: bigint }>(
      `select id, sum(minor)::bigint as minor
       from (${text}) as t (id, minor)
       group by id
       having sum(minor) <> 0
       order by id`,
      [operatorId],
    );
    return new Map(rows.map(({ id, minor }) => [id, minor]));
  };
  return {
    booked: await sums(
      `select affiliate_id, gross_minor - void_minor - clawed_minor - debt_minor
       from slots
       where operator_id = $1`,
    ),
    reported: await sums(
      `select affiliate_id, payout_minor
       from event_outcomes
       where operator_id = $1 and payout_minor is not null
       union all
       select affiliate_id, payout_minor
       from reported_to_others
       where operator_id = $1`,
    ),
    balance: await sums(
      `select affiliate_id, pending_minor + payable_minor - debt_minor
       from balances
       where operator_id = $1`,
    ),
  };
}

/** Row counts of the tables to which settling only adds. */
export async function rowsIn(pool: Pool, operatorId: string): Promise<Record<string, bigint>> {
  const { rows } = await pool.query<Record<string, bigint>>(
    `select
       (select count(*) from slots where operator_id = $1) as slots,
       (select count(*) from slot_facts where operator_id = $1) as facts,
       (select count(*) from transfers where operator_id = $1) as transfers,
       (select count(*) from ratings where operator_id = $1) as ratings`,
    [operatorId],
  );
  return rows[0]!;
}
