// The plan of a year of events: one row for each, from which all tables are written.
import { chance, idSql, numberedId, type Context } from './sql.ts';

export const YEAR_MS = 365 * 86_400_000;
const DAY_MS = 86_400_000;

/** Rows of one event, for values of filters. */
export type Sample = {
  event: string;
  click: string;
  slot: string;
  transfer: string;
  delivery: string;
  month: string;
};

const TYPES = `case when c < 0.55 then 'trade' when c < 0.75 then 'revenue' when c < 0.87 then 'deposit'
  when c < 0.92 then 'registration' when c < 0.95 then 'kyc' when c < 0.985 then 'ftd' when c < 0.997 then 'sale'
  when c < 0.998 then 'chargeback' when c < 0.999 then 'refund' when c < 0.9991 then 'fraud'
  when c < 0.9992 then 'bonus_abuse' when c < 0.99992 then 'account_closure'
  when c < 0.99999 then 'chargeback_won' else 'vip_upgrade' end`;

/** One row for each event, from which all tables are written. */
export async function writePlan({ pool, events, affiliates, customers, startMs }: Context): Promise<void> {
  const step = YEAR_MS / events;
  await pool.query(`create unlogged table bench_plan as
    select i, ms, to_timestamp(ms / 1000.0) as at, to_char(to_timestamp(ms / 1000.0), 'YYYY-MM') as month,
      ${idSql('evt', 'ms', 'i')} as event, type, customer, affiliate, ${numberedId('aff', 'affiliate')} as aff,
      case when affiliate % 500 = 19 then 'EUR' else 'USD' end as currency,
      case when i > ${events} - 500 or i = ${Math.floor(events * 0.7)} then null
        when i % ${Math.ceil(events / 60)} = 7 and i < ${events / 2} then 'set_aside'
        when i % ${Math.ceil(events / 20)} = 11 then 'voided'
        when c < 0.03 then 'orphaned' when c < 0.032 then 'rejected' else 'settled' end as status,
      ${idSql('slot', 'ms', 'i')} as slot,
      case when c > 0.9995 then 'rejected' when c > 0.99 then 'reversed' when ms > ${startMs + YEAR_MS - 30 * DAY_MS}
        then 'pending' when ms > ${startMs + YEAR_MS - 60 * DAY_MS} then 'payable'
        when ms > ${startMs + YEAR_MS - 62 * DAY_MS} then 'in_payout' else 'paid' end as money
    from (
      select i, ms, type, customer, floor(${affiliates} * ${chance('customer', 3)} ^ 2::float8)::int as affiliate,
        ${chance('i', 4)} as c
      from (
        select i, (${startMs} + i * ${step}::float8)::bigint as ms, ${TYPES} as type,
          floor(${customers} * b ^ 2.5::float8)::int as customer
        from (select i, ${chance('i', 1)} as c, ${chance('i', 2)} as b from generate_series(1, ${events}::bigint) i offset 0) a
        offset 0
      ) b
      offset 0
    ) c`);
  await pool.query('analyze bench_plan');
}

/** A deposit of the last weeks and one of the first, both settled and delivered. */
export async function readSamples({ pool, events }: Context): Promise<Sample[]> {
  const { rows } = await pool.query<Sample>(
    [
      [events * 0.98, 'desc'],
      [events * 0.02, 'asc'],
    ]
      .map(
        ([near, order]) =>
          `(select event, ${click} as click, slot, ${idSql('trf', 'ms', 'i')} as transfer,
          ${delivery} as delivery, month from bench_plan
        where type = 'deposit' and status = 'settled' and money in ('pending', 'paid') and affiliate > 10
          and i ${order === 'desc' ? '<' : '>'} ${near} order by i ${order} limit 1)`,
      )
      .join(' union all '),
  );
  return rows;
}

export const settled = `status = 'settled'`;
export const earns = `${settled} and type in ('deposit', 'ftd', 'sale')`;
export const delivery = idSql('dlv', 'ms + 5', 'i');
export const click = idSql('clk', 'ms - 3600000', 'i');
