// Rows about events: as they came, how they were settled, what was refused, and clicks.
import { click, settled } from './plan.ts';
import { chance, idSql, numberedId, type Context, type Written } from './sql.ts';

/** Tables of the plan, in the order of their ids. */
export const EVENTS: readonly ((context: Context) => Written)[] = [
  () => [
    'events id, type, key_kind, key, content_hash, transaction_id, click_id, customer_id, amount_minor, currency, volume_e4, sub1, occurred_at, received_at',
    `select $1, event, type, 'transaction', 'tx-' || i, '\\x00112233445566778899aabbccddeeff', 'tx-' || i,
      case when type in ('registration', 'ftd') then ${click} end, 'c-' || customer,
      1000, currency, case when type = 'trade' then 10000 end, 'spring', at - interval '2 seconds' * (i % 50)
        - case when i % 1000 = 1 then interval '40 days' else '0' end, at
      from bench_plan order by i`,
  ],
  () => [
    'event_outcomes event_id, status, reason, batch_id, affiliate_id, method, deal_id, deal_version, payout_minor, payout_currency, settled_at',
    `select $1, event, status,
      case status when 'orphaned' then case when i % 500 = 3 then 'before_click' when i % 5000 = 4 then 'no_conversion' else 'no_evidence' end
        when 'rejected' then 'own_referral' when 'set_aside' then case when i % 3 = 0 then 'rule_failed' else 'no_exchange_rate' end end,
      ${idSql('bat', 'ms + 2', 'i / 100')}, case when status in ('settled', 'voided') then aff end,
      case when status = 'settled' then 'binding' end, case when status = 'settled' then ${numberedId('deal', '0')} end,
      case when status = 'settled' then 1 end, case when ${settled} then 100 end, case when ${settled} then currency end, at
      from bench_plan where status is not null order by i`,
  ],
  ({ events }) => [
    'clicks id, link_id, affiliate_id, sub1, clicked_at, received_at, is_bot, seen_at',
    `select $1, ${click}, ${numberedId('link', 'affiliate * 2 + i % 2')}, aff, 'spring',
      at - interval '1 hour', at - interval '1 hour', i % ${Math.ceil(events / 500)} = 9, case when i % 3 = 0 then at end
      from bench_plan order by i`,
  ],
  ({ customers, affiliates }) => [
    'bindings customer_id, affiliate_id, event_id, click_id, since, occurred_at, batch_id',
    `select $1, 'c-' || c, ${numberedId('aff', `floor(${affiliates} * ${chance('c', 3)} ^ 2::float8)::int`)},
      ${numberedId('evt', 'c')}, ${numberedId('clk', 'c')}, began, began, ${numberedId('bat', 'c / 100')}
      from generate_series(0, ${customers - 1}::bigint) c, to_timestamp(1577836800) began`,
  ],
  () => [
    'content_repeats event_id, times, first_at, last_at',
    `select $1, event, 2, at, at from bench_plan where i % 100 = 1`,
  ],
  () => [
    'reassignments id, customer_id, affiliate_id, from_at, reason, actor',
    `select $1, ${idSql('rea', 'ms', 'i')}, 'c-' || customer, aff, at, 'asked', 'key_1' from bench_plan where i % 1000 = 1`,
  ],
  () => [
    'amendments event_id, number, amount_minor, actor, state, applied_at, in_force',
    `select $1, event, 1, 1200, 'key_1', 'applied', at, true from bench_plan where ${settled} and i % 1000 = 2`,
  ],
  ({ events }) => [
    'refusals id, refused_at, reason, address, method, path, request_id, key_id',
    `select $1, ${idSql('rfs', 'ms', 'i')}, at, case when i % 100 = 0 then 'bad_signature' else 'invalid_request' end, '192.0.2.' || i % 200, 'POST', '/v1/events', 'req_1', 'key_1'
      from bench_plan where i > ${events * 0.92} and i % 2 = 0`,
  ],
  ({ events }) => [
    'refusal_counts minute, reason, address, count',
    `select distinct on (date_trunc('minute', at), i % 200) $1, date_trunc('minute', at), 'invalid_request', '192.0.2.' || i % 200, 3
      from bench_plan where i > ${events * 0.92}`,
  ],
];
