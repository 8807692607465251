// Rows about postbacks: deliveries in every state, their attempts, replays, and actions on what is
// stuck.
import { delivery, earns } from './plan.ts';
import { idSql, numberedId, type Context, type Written } from './sql.ts';

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
/** Tables of the plan, in the order of their ids. */
export const DELIVERIES: readonly ((context: Context) => Written)[] = [
  (context) => [
    'deliveries id, endpoint_id, affiliate_id, event_id, original_event_id, type, body, payout_delta_minor, payout_currency, state, owner, batch_id, tries, next_attempt_at, replay_id, last_error, pause_reason, created_at, finished_at, acknowledged_at',
    `select $1, ${delivery}, ${numberedId('ep', 'affiliate')}, aff, event, event, 'conversion.created',
      '{"type":"conversion.created","data":{"event_id":"' || event || '","affiliate_id":"' || aff || repeat('x', 280) || '"}}',
      case when ${earns} then 1000 end, case when ${earns} then currency end, split_part(kind, ' ', 1), nullif(split_part(kind, ' ', 2), ''), ${idSql('bat', 'ms + 2', 'i / 100')},
      case when kind like 'pending%' then 0 else 1 end, at, case when affiliate = 2 and i < ${context.events / 2} then ${numberedId('rpl', '1')} end,
      case when kind = 'delivered' then null else (array['http_500', 'http_503', 'timeout', 'tls_expired'])[1 + (i % 7 % 4)] end,
      case when kind like '% self' and i % 2 = 0 then 'asked' end, at, case when kind not like '% %' then at end,
      case when kind = 'gave_up' and affiliate % 20 <> 14 and i % 2500 <> 5 then at end
      from (select *, ${DELIVERY(context)} as kind from bench_plan where ${DELIVERED}) p order by i`,
  ],
  () => [
    'attempts id, delivery_id, number, cause, started_at, duration_ms, status_code, response_excerpt',
    `select $1, ${idSql('att', 'ms + 40', 'i')}, ${delivery}, 1, 'first', at, 20, 200, 'ok'
      from bench_plan where ${DELIVERED} order by i`,
  ],
  () => [
    'replays id, states, is_dry_run, state, total, released, through_id, finished_at, endpoint_id',
    `select $1, ${numberedId('rpl', 'n')}, '{gave_up}', false, 'done', 1000, 1000, '', now(), ${numberedId('ep', '2')} from generate_series(1, 500) n`,
  ],
  () => [
    'stuck_actions id, action, filter, is_dry_run, state, total, through_id, finished_at',
    `select $1, ${numberedId('act', 'n')}, 'retry', '{"endpointId":null,"affiliateId":null,"state":null,"reason":null,"lastError":null}',
      true, 'done', 1000, '', now() from generate_series(1, 500) n`,
  ],
];
