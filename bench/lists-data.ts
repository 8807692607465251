// Data of one busy operator, written by SQL: a year of events with their outcomes, clicks,
// bindings, commissions, transfers, statements, postbacks and attempts, in a broker's proportions.
import { NEWEST_API_VERSION } from '../domain/delivery/versions.ts';
import type { Pool } from '../store/db/pool.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** What was written, for values of filters. `samples`: rows of a new event, and of an old one. */
export type ListsData = {
  operatorId: string;
  events: number;
  affiliates: number;
  customers: number;
  samples: Sample[];
};
type Sample = { event: string; click: string; slot: string; delivery: string; month: string };

/** A number from 0 to 1 for a row, always the same; `salt` makes independent ones. */
const chance = (row: string, salt: number): string =>
  `((hashint8extended(${row}, ${salt}) & 1073741823) / 1073741824::float8)`;

/** An id as `newId` makes them, with a number in place of the random digits. */
function idSql(prefix: string, ms: string, number: string): string {
  const digits = Array.from({ length: 10 }, (_, index) => {
    const shift = 45 - 5 * index;
    return `substr('0123456789abcdefghjkmnpqrstvwxyz', (((${ms}) >> ${shift}) & 31)::int + 1, 1)`;
  });
  return `('${prefix}_' || ${digits.join(' || ')} || lpad((${number})::text, 16, '0'))`;
}

/** The id of a row that is only numbered, as if it had been made in 1970. */
const numberedId = (prefix: string, number: string): string =>
  `('${prefix}_' || lpad((${number})::text, 26, '0'))`;
export const numbered = (prefix: string, number: number): string =>
  `${prefix}_${String(number).padStart(26, '0')}`;

/**
 * Writes the data of an operator. Some customers and affiliates are much busier than others, some
 * statuses and states are rare, old, or of one affiliate alone.
 */
export async function writeListsData(pool: Pool, operatorId: string, events: number): Promise<ListsData> {
  const affiliates = Math.max(20, Math.min(1000, Math.ceil(events / 5000)));
  const customers = Math.ceil(events / 20);
  const sizes = { operatorId, events, affiliates, customers };
  const context = { ...sizes, pool, startMs: Date.now() - YEAR_MS };
  await writePlan(context);
  const samples = await readSamples(context);
  await writeSetup(context);
  // Two at a time: tables of the same rows, in the order of their ids.
  const rest = TABLES.values();
  const worker = async (): Promise<void> => {
    for (const [into, select] of rest) await insert(context, into, select(context));
  };
  await Promise.all([worker(), worker()]);
  await writeBooks(context);
  // An event that was never settled, which the sweep's mark has passed.
  await pool.query(`insert into sweep_marks values ('events', now() - interval '10 minutes')`);
  await pool.query(
    `insert into unsettled_events (operator_id, event_id, received_at)
     select $1, event, at from bench_plan where status is null and at < now() - interval '10 minutes'`,
    [operatorId],
  );
  await pool.query('drop table bench_plan');
  await pool.query('vacuum analyze');
  return { ...sizes, samples };
}

type Context = Omit<ListsData, 'samples'> & { pool: Pool; startMs: number };

async function insert({ pool, operatorId }: Context, into: string, select: string): Promise<void> {
  const [table = '', columns = ''] = into.split(/ (.*)/s);
  await pool.query(
    `insert into ${table} (operator_id, ${columns}) ${select.replaceAll('$1', `'${operatorId}'`)}`,
  );
}

const TYPES = `case when c < 0.55 then 'trade' when c < 0.75 then 'revenue' when c < 0.87 then 'deposit'
  when c < 0.92 then 'registration' when c < 0.95 then 'kyc' when c < 0.985 then 'ftd' when c < 0.997 then 'sale'
  when c < 0.998 then 'chargeback' when c < 0.999 then 'refund' when c < 0.9991 then 'fraud'
  when c < 0.9992 then 'bonus_abuse' when c < 0.99992 then 'account_closure'
  when c < 0.99999 then 'chargeback_won' else 'vip_upgrade' end`;

/** One row for each event, from which all tables are written. */
async function writePlan({ pool, events, affiliates, customers, startMs }: Context): Promise<void> {
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
async function readSamples({ pool, events }: Context): Promise<Sample[]> {
  const { rows } = await pool.query<Sample>(
    [
      [events * 0.98, 'desc'],
      [events * 0.02, 'asc'],
    ]
      .map(
        ([near, order]) =>
          `(select event, ${click} as click, slot, ${delivery} as delivery, month from bench_plan
        where type = 'deposit' and status = 'settled' and money in ('pending', 'paid') and affiliate > 10
          and i ${order === 'desc' ? '<' : '>'} ${near} order by i ${order} limit 1)`,
      )
      .join(' union all '),
  );
  return rows;
}

/** Partitions of the past year, and what an operator sets up. */
async function writeSetup(context: Context): Promise<void> {
  const { pool, affiliates, startMs } = context;
  await pool.query(`do $$ declare month timestamptz; name text; begin
    for i in 2..13 loop
      month := (date_trunc('month', now() at time zone 'UTC') - make_interval(months => i)) at time zone 'UTC';
      for name in select * from unnest(array['clicks clk', 'attempts att']) loop
        execute format('create table %I partition of %I for values from (%L) to (%L)',
          split_part(name, ' ', 1) || to_char(month at time zone 'UTC', '_YYYY_MM'), split_part(name, ' ', 1),
          id_bound(split_part(name, ' ', 2), month),
          id_bound(split_part(name, ' ', 2), (month at time zone 'UTC' + interval '1 month') at time zone 'UTC'));
        perform estimate_tenants_alike(split_part(name, ' ', 1) || to_char(month at time zone 'UTC', '_YYYY_MM'));
      end loop;
    end loop; end $$`);
  const each = `from generate_series(0, ${affiliates - 1}) a`;
  const since = `to_timestamp(${startMs / 1000})`;
  const aff = numberedId('aff', 'a');
  await insert(
    context,
    'affiliates id, name, external_id, state, closed_at',
    `select $1, ${aff},
    'Affiliate ' || a, 'x-' || a, case when a % 200 = 7 then 'suspended' when a % 500 = 11 then 'closed' else 'active' end,
    case when a % 500 = 11 then now() end ${each}`,
  );
  await insert(
    context,
    'links id, affiliate_id, landing_url, state',
    `select $1, ${numberedId('link', 'a * 2 + n')},
    ${aff}, 'https://shop.example/', case when a % 100 = 3 then 'off' else 'active' end ${each}, generate_series(0, 1) n`,
  );
  await insert(
    context,
    'coupons id, code, affiliate_id, binds_customer',
    `select $1, ${numberedId('cpn', 'a')}, 'CODE' || a, ${aff}, true ${each}`,
  );
  await insert(
    context,
    'deals id, name, affiliate_id',
    `select $1, ${numberedId('deal', 'a')}, 'Deal ' || a,
    case when a > 0 then ${aff} end from generate_series(0, ${Math.ceil(affiliates / 5)}) a`,
  );
  await insert(
    context,
    'deal_versions deal_id, version, effective_from, terms',
    `select $1, id, 1, 'epoch',
    '{"currency":"USD","components":[{"kind":"percent","on":["deposit"],"percent":"10"}]}' from deals where operator_id = $1`,
  );
  await insert(
    context,
    'endpoints id, affiliate_id, url, method, body, events, headers, schedule, max_in_flight, signing, share_customer_id, secret, api_version, failures_in_a_row, failing_since, next_turn_at',
    `select $1, ${numberedId('ep', 'a')}, case when a < ${affiliates} then ${aff} end, 'http://127.0.0.1:9/?c={click_id}', 'POST', 'json', '{*}', '{}',
      '{0,5,300}', 8, 'v1', false, '\\x00', '${NEWEST_API_VERSION}', case when a = 3 or a % 20 = 13 then 12 else 0 end, case when a = 3 or a % 20 = 13 then now() end,
      case when a = 3 or a % 20 = 13 then now() + interval '5 minutes' end
     from generate_series(0, ${affiliates}) a`,
  );
  await insert(
    context,
    'fx_rates id, base, quote, rate, source, as_of, actor',
    `select $1,
    ${numberedId('fx', 'd * 10 + p')}, (array['EUR','GBP','JPY','BTC'])[p], 'USD', 1.1, 'ecb', ${since} + make_interval(days => d), 'key_1'
    from generate_series(0, 365) d, generate_series(1, 4) p`,
  );
  await insert(
    context,
    'accounts id, purpose, affiliate_id, currency, exponent',
    `select $1, purpose || '/' || ${aff}, purpose, ${aff},
    case when a % 500 = 19 then 'EUR' else 'USD' end, 2 ${each}, unnest(array['pending', 'payable', 'in_payout', 'debt']) purpose
    union all select $1, purpose, purpose, null, currency, 2
    from unnest(array['expense', 'cash']) purpose, unnest(array['USD', 'EUR']) currency`,
  );
  await insert(
    context,
    'balances affiliate_id, currency, pending_minor, payable_minor',
    `select $1, affiliate_id, currency, 1000, 1000 from accounts where operator_id = $1 and purpose = 'pending'`,
  );
  await insert(
    context,
    'payouts id, affiliate_id, currency, amount_minor, recovered_minor, state, created_at',
    `select $1,
    ${numberedId('pay', `m * ${affiliates} + a`)}, ${aff}, case when a % 500 = 19 then 'EUR' else 'USD' end, 1000, 0,
    case when a % 100 = 13 and m = 2 then 'failed' when a % 500 = 17 and m = 3 then 'returned' when m = 11 then 'reserved' else 'paid' end, now()
    ${each}, generate_series(1, 11) m`,
  );
}

/** The months that are closed, with their statements: after the transfers. */
async function writeBooks(context: Context): Promise<void> {
  const { affiliates, startMs } = context;
  const since = `to_timestamp(${startMs / 1000})`;
  const aff = numberedId('aff', 'a');
  await insert(
    context,
    'periods period, status, closed_at, transfers_count, seal',
    `select $1,
    to_char(m, 'YYYY-MM'), 'closed', now(), 100, '\\x00' from generate_series(${since}, now() - interval '70 days', '1 month') m`,
  );
  const parts = ['pending', 'payable', 'in_payout', 'paid', 'debt'].flatMap((part) => [
    `opening_${part}_minor`,
    `closing_${part}_minor`,
  ]);
  await insert(
    context,
    `statements id, affiliate_id, currency, period, lines_count, ${parts.join(', ')}`,
    `select $1,
    ${numberedId('stm', 'row_number() over (order by period, a)')}, ${aff}, case when a % 500 = 19 then 'EUR' else 'USD' end, period, 10, ${parts.map(() => '0').join(', ')}
    from periods, generate_series(0, ${affiliates - 1}) a where operator_id = $1`,
  );
  await insert(
    context,
    'statement_lines statement_id, transfer_id',
    `select $1, s.id, t.id from statements s
     join transfers t on t.operator_id = s.operator_id and t.affiliate_id = s.affiliate_id
       and t.currency = s.currency and t.period = s.period
     where s.operator_id = $1`,
  );
}

const settled = `status = 'settled'`;
const earns = `${settled} and type in ('deposit', 'ftd', 'sale')`;
const isMoney = (...states: string[]): string =>
  `case when money in (${states.map((state) => `'${state}'`).join(', ')}) then 1000 else 0 end`;
/**
 * Deliveries by state: of endpoints that are down, one that is slow, and some of every kind. About
 * one of sixteen is stuck.
 */
const DELIVERY = ({ events }: Context): string => `case when i > ${events} - 200 then 'pending batch'
  when affiliate = 3 and i > ${events * 0.8} then 'held endpoint'
  when affiliate = 5 and i > ${events * 0.9} then 'pending endpoint'
  when affiliate % 20 = 13 and i > ${events * 0.4} then 'held endpoint'
  when affiliate % 20 = 14 and i > ${events * 0.4} then 'gave_up'
  when affiliate = 9 and i < ${events * 0.05} then 'cancelled'
  when i % ${Math.ceil(events / 3000)} = 3 and i > ${events * 0.9} then 'retrying self'
  when i % 250 = 5 then 'gave_up' else 'delivered' end`;
const DELIVERED = `type <> 'kyc' and affiliate is not null and (status = 'settled')`;
const delivery = idSql('dlv', 'ms + 5', 'i');
const click = idSql('clk', 'ms - 3600000', 'i');

/** The larger tables: into which columns, from which query. */
const TABLES: readonly (readonly [into: string, select: (context: Context) => string])[] = [
  [
    'events id, type, key_kind, key, content_hash, transaction_id, click_id, customer_id, amount_minor, currency, volume_e4, sub1, occurred_at, received_at',
    () => `select $1, event, type, 'transaction', 'tx-' || i, '\\x00112233445566778899aabbccddeeff', 'tx-' || i,
      case when type in ('registration', 'ftd') then ${click} end, 'c-' || customer,
      1000, currency, case when type = 'trade' then 10000 end, 'spring', at - interval '2 seconds' * (i % 50)
        - case when i % 1000 = 1 then interval '40 days' else '0' end, at
      from bench_plan order by i`,
  ],
  [
    'deliveries id, endpoint_id, affiliate_id, event_id, original_event_id, type, body, payout_delta_minor, payout_currency, state, owner, batch_id, tries, next_attempt_at, replay_id, last_error, pause_reason, created_at, finished_at, acknowledged_at',
    (
      context,
    ) => `select $1, ${delivery}, ${numberedId('ep', 'affiliate')}, aff, event, event, 'conversion.created',
      '{"type":"conversion.created","data":{"event_id":"' || event || '","affiliate_id":"' || aff || repeat('x', 280) || '"}}',
      case when ${earns} then 1000 end, case when ${earns} then currency end, split_part(kind, ' ', 1), nullif(split_part(kind, ' ', 2), ''), ${idSql('bat', 'ms + 2', 'i / 100')},
      case when kind like 'pending%' then 0 else 1 end, at, case when affiliate = 2 and i < ${context.events / 2} then ${numberedId('rpl', '1')} end,
      case when kind = 'delivered' then null else (array['http_500', 'http_503', 'timeout', 'tls_expired'])[1 + (i % 7 % 4)] end,
      case when kind like '% self' and i % 2 = 0 then 'asked' end, at, case when kind not like '% %' then at end,
      case when kind = 'gave_up' and affiliate % 20 <> 14 and i % 2500 <> 5 then at end
      from (select *, ${DELIVERY(context)} as kind from bench_plan where ${DELIVERED}) p order by i`,
  ],
  [
    'event_outcomes event_id, status, reason, batch_id, affiliate_id, method, deal_id, deal_version, payout_minor, payout_currency, settled_at',
    () => `select $1, event, status,
      case status when 'orphaned' then case when i % 500 = 3 then 'before_click' when i % 5000 = 4 then 'no_conversion' else 'no_evidence' end
        when 'rejected' then 'own_referral' when 'set_aside' then case when i % 3 = 0 then 'rule_failed' else 'no_exchange_rate' end end,
      ${idSql('bat', 'ms + 2', 'i / 100')}, case when status in ('settled', 'voided') then aff end,
      case when status = 'settled' then 'binding' end, case when status = 'settled' then ${numberedId('deal', '0')} end,
      case when status = 'settled' then 1 end, case when ${settled} then 100 end, case when ${settled} then currency end, at
      from bench_plan where status is not null order by i`,
  ],
  [
    'slot_facts original_event_id, slot_id, event_id, type, whole, amount_minor, volume_e4, deal_version, occurred_at, batch_id, basis_minor',
    () => `select $1, event, case when type in ('trade', 'revenue') then ${numberedId('slot', `affiliate * 100 + extract(month from at)`)} else slot end,
      event, type, true, 1000, 0, 1, at, ${idSql('bat', 'ms + 2', 'i / 100')}, 1000
      from bench_plan where ${settled} and type in ('trade', 'revenue', 'deposit', 'ftd', 'sale') order by i`,
  ],
  [
    'attempts id, delivery_id, number, cause, started_at, duration_ms, status_code, response_excerpt',
    () => `select $1, ${idSql('att', 'ms + 40', 'i')}, ${delivery}, 1, 'first', at, 20, 200, 'ok'
      from bench_plan where ${DELIVERED} order by i`,
  ],
  [
    'clicks id, link_id, affiliate_id, sub1, clicked_at, received_at, is_bot, seen_at',
    ({ events }) => `select $1, ${click}, ${numberedId('link', 'affiliate * 2 + i % 2')}, aff, 'spring',
      at - interval '1 hour', at - interval '1 hour', i % ${Math.ceil(events / 500)} = 9, case when i % 3 = 0 then at end
      from bench_plan order by i`,
  ],
  [
    'slots id, key, affiliate_id, deal_id, deal_version, component, kind, period, currency, conversions_count, facts_count, gross_minor, void_minor, pending_minor, payable_minor, in_payout_minor, paid_minor, transfers_count, ratings_count, hold_until, rejected_at, created_at',
    ({
      affiliates,
    }) => `select $1, slot, 'percent/' || event, aff, ${numberedId('deal', '0')}, 1, 'percent', 'percent', null, currency, 1, 1,
      1000, ${isMoney('rejected', 'reversed')}, ${isMoney('pending')}, ${isMoney('payable')}, ${isMoney('in_payout')}, ${isMoney('paid')}, 1, 1,
      at + interval '30 days', case when money = 'rejected' then at end, at from bench_plan where ${earns}
      union all
      select $1, ${numberedId('slot', 'a * 100 + m')}, 'revshare/' || a || '/' || m, ${numberedId('aff', 'a')}, ${numberedId('deal', '0')}, 1, 'revshare', 'revshare',
      to_char(now() - make_interval(months => m), 'YYYY-MM'), case when a % 500 = 19 then 'EUR' else 'USD' end, 10, 10, 1000, 0, 0, 0, 0, 1000, 1, 1,
      now() - make_interval(months => m - 1), null, now() - make_interval(months => m)
      from generate_series(0, ${affiliates - 1}) a, generate_series(1, 12) m`,
  ],
  [
    'transfers id, posting_group, currency, debit_account, credit_account, amount_minor, code, affiliate_id, slot_id, slot_seq, event_id, occurred_at, posted_at, period, origin_period, payout_id',
    ({
      affiliates,
    }) => `select $1, ${idSql('trf', 'ms + n * 86400000', 'i')}, ${idSql('bat', 'ms + 2', 'i / 100')}, currency, case n when 0 then 'expense' else 'pending/' || aff end,
      case n when 0 then 'pending/' || aff else 'payable/' || aff end, 1000, case n when 0 then 'accrue' else 'release' end,
      aff, case when type in ('trade', 'revenue') then null else slot end, case when type in ('trade', 'revenue') then null else n + 1 end, event, at, at,
      month, month, case when n = 30 and money = 'paid' then ${numberedId('pay', `${affiliates} + affiliate`)} end
      from bench_plan, unnest(array[0, 30]::bigint[]) n
      where ${settled} and ((type in ('deposit', 'ftd', 'sale') and (n = 0 or money in ('payable', 'in_payout', 'paid'))) or (i % 5 = 0 and n = 0 and type in ('trade', 'revenue')))
      order by 2`,
  ],
  [
    'ratings slot_id, seq, batch_id, deal_version, facts_count, facts_hash, target_minor, formula, inputs',
    () => `select $1, slot, 1, ${idSql('bat', 'ms + 2', 'i / 100')}, 1, 1, 0, 1000, '10 % of 100.00', '{"percent":"10"}'
      from bench_plan where ${earns} order by i`,
  ],
  [
    'bindings customer_id, affiliate_id, event_id, click_id, since, batch_id',
    ({
      customers,
      affiliates,
    }) => `select $1, 'c-' || c, ${numberedId('aff', `floor(${affiliates} * ${chance('c', 3)} ^ 2::float8)::int`)},
      ${numberedId('evt', 'c')}, ${numberedId('clk', 'c')}, to_timestamp(1577836800), ${numberedId('bat', 'c / 100')}
      from generate_series(0, ${customers - 1}::bigint) c`,
  ],
  [
    'content_repeats event_id, times, first_at, last_at',
    () => `select $1, event, 2, at, at from bench_plan where i % 100 = 1`,
  ],
  [
    'reassignments id, customer_id, affiliate_id, from_at, reason, actor',
    () =>
      `select $1, ${idSql('rea', 'ms', 'i')}, 'c-' || customer, aff, at, 'asked', 'key_1' from bench_plan where i % 1000 = 1`,
  ],
  [
    'amendments event_id, number, amount_minor, actor, state, applied_at, in_force',
    () =>
      `select $1, event, 1, 1200, 'key_1', 'applied', at, true from bench_plan where ${settled} and i % 1000 = 2`,
  ],
  [
    'commission_decisions id, slot_id, decision, amount_minor, actor, reason, decided_at',
    () =>
      `select $1, ${idSql('dec', 'ms', 'i')}, slot, 'rejected', 0, 'key_1', 'fraud', at from bench_plan where ${earns} and money = 'rejected'`,
  ],
  [
    'refusals id, refused_at, reason, address, method, path, request_id, key_id',
    ({
      events,
    }) => `select $1, ${idSql('rfs', 'ms', 'i')}, at, case when i % 100 = 0 then 'bad_signature' else 'invalid_request' end, '192.0.2.' || i % 200, 'POST', '/v1/events', 'req_1', 'key_1'
      from bench_plan where i > ${events * 0.92} and i % 2 = 0`,
  ],
  [
    'refusal_counts minute, reason, address, count',
    ({
      events,
    }) => `select distinct on (date_trunc('minute', at), i % 200) $1, date_trunc('minute', at), 'invalid_request', '192.0.2.' || i % 200, 3
      from bench_plan where i > ${events * 0.92}`,
  ],
  [
    'replays id, states, is_dry_run, state, total, released, through_id, finished_at, endpoint_id',
    () =>
      `select $1, ${numberedId('rpl', 'n')}, '{gave_up}', false, 'done', 1000, 1000, '', now(), ${numberedId('ep', '2')} from generate_series(1, 500) n`,
  ],
];
