// Rows that an operator sets up: partitions of the past year, affiliates with links, coupons, deals
// and endpoints, rates, accounts and payouts.
import { NEWEST_API_VERSION } from '../../domain/delivery/versions.ts';
import { insert, numberedId, type Context } from './sql.ts';

/** Partitions of the past year, and what an operator sets up. */
export async function writeSetup(context: Context): Promise<void> {
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
  await insert(context, [
    'affiliates id, name, external_id, state, closed_at',
    `select $1, ${aff},
    'Affiliate ' || a, 'x-' || a, case when a % 200 = 7 then 'suspended' when a % 500 = 11 then 'closed' else 'active' end,
    case when a % 500 = 11 then now() end ${each}`,
  ]);
  await insert(context, [
    'links id, affiliate_id, landing_url, state',
    `select $1, ${numberedId('link', 'a * 2 + n')},
    ${aff}, 'https://shop.example/', case when a % 100 = 3 then 'off' else 'active' end ${each}, generate_series(0, 1) n`,
  ]);
  await insert(context, [
    'coupons id, code, affiliate_id, binds_customer',
    `select $1, ${numberedId('cpn', 'a')}, 'CODE' || a, ${aff}, true ${each}`,
  ]);
  await insert(context, [
    'deals id, name, affiliate_id',
    `select $1, ${numberedId('deal', 'a')}, 'Deal ' || a,
    case when a > 0 then ${aff} end from generate_series(0, ${Math.ceil(affiliates / 5)}) a`,
  ]);
  await insert(context, [
    'deal_versions deal_id, version, effective_from, terms',
    `select $1, id, 1, 'epoch',
    '{"currency":"USD","components":[{"kind":"percent","on":["deposit"],"percent":"10"}]}' from deals where operator_id = $1`,
  ]);
  await insert(context, [
    'endpoints id, affiliate_id, url, method, body, events, headers, schedule, max_in_flight, signing, share_customer_id, secret, api_version, failures_in_a_row, failing_since, next_turn_at',
    `select $1, ${numberedId('ep', 'a')}, case when a < ${affiliates} then ${aff} end, 'http://127.0.0.1:9/?c={click_id}', 'POST', 'json', '{*}', '{}',
      '{0,5,300}', 8, 'v1', false, '\\x00', '${NEWEST_API_VERSION}', case when a = 3 or a % 20 = 13 then 12 else 0 end, case when a = 3 or a % 20 = 13 then now() end,
      case when a = 3 or a % 20 = 13 then now() + interval '5 minutes' end
     from generate_series(0, ${affiliates}) a`,
  ]);
  await insert(context, [
    'fx_rates id, base, quote, rate, source, as_of, actor',
    `select $1,
    ${numberedId('fx', 'd * 10 + p')}, (array['EUR','GBP','JPY','BTC'])[p], 'USD', 1.1, 'ecb', ${since} + make_interval(days => d), 'key_1'
    from generate_series(0, 365) d, generate_series(1, 4) p`,
  ]);
  await insert(context, [
    'accounts id, purpose, affiliate_id, currency, exponent',
    `select $1, purpose || '/' || ${aff}, purpose, ${aff},
    case when a % 500 = 19 then 'EUR' else 'USD' end, 2 ${each}, unnest(array['pending', 'payable', 'in_payout', 'debt']) purpose
    union all select $1, purpose, purpose, null, currency, 2
    from unnest(array['expense', 'cash']) purpose, unnest(array['USD', 'EUR']) currency`,
  ]);
  await insert(context, [
    'balances affiliate_id, currency, pending_minor, payable_minor',
    `select $1, affiliate_id, currency, 1000, 1000 from accounts where operator_id = $1 and purpose = 'pending'`,
  ]);
  await insert(context, [
    'payouts id, affiliate_id, currency, amount_minor, recovered_minor, state, created_at',
    `select $1,
    ${numberedId('pay', `m * ${affiliates} + a`)}, ${aff}, case when a % 500 = 19 then 'EUR' else 'USD' end, 1000, 0,
    case when a % 100 = 13 and m = 2 then 'failed' when a % 500 = 17 and m = 3 then 'returned' when m = 11 then 'reserved' else 'paid' end, now()
    ${each}, generate_series(1, 11) m`,
  ]);
}
