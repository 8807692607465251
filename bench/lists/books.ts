// Rows of money: slots with their facts, ratings and transfers; then closed months with their
// statements.
import { earns, settled } from './plan.ts';
import { idSql, insert, numberedId, type Context, type Written } from './sql.ts';

const isMoney = (...states: string[]): string =>
  `case when money in (${states.map((state) => `'${state}'`).join(', ')}) then 1000 else 0 end`;
/** Tables of the plan, in the order of their ids. */
export const LEDGER: readonly ((context: Context) => Written)[] = [
  () => [
    'slot_facts original_event_id, slot_id, event_id, type, whole, amount_minor, volume_e4, deal_version, occurred_at, batch_id, basis_minor',
    `select $1, event, case when type in ('trade', 'revenue') then ${numberedId('slot', `affiliate * 100 + extract(month from at)`)} else slot end,
      event, type, true, 1000, 0, 1, at, ${idSql('bat', 'ms + 2', 'i / 100')}, 1000
      from bench_plan where ${settled} and type in ('trade', 'revenue', 'deposit', 'ftd', 'sale') order by i`,
  ],
  ({ affiliates }) => [
    'slots id, key, affiliate_id, deal_id, deal_version, component, kind, period, currency, conversions_count, facts_count, gross_minor, void_minor, pending_minor, payable_minor, in_payout_minor, paid_minor, transfers_count, ratings_count, hold_until, rejected_at, created_at',
    `select $1, slot, 'percent/' || event, aff, ${numberedId('deal', '0')}, 1, 'percent', 'percent', null, currency, 1, 1,
      1000, ${isMoney('rejected', 'reversed')}, ${isMoney('pending')}, ${isMoney('payable')}, ${isMoney('in_payout')}, ${isMoney('paid')}, 1, 1,
      at + interval '30 days', case when money = 'rejected' then at end, at from bench_plan where ${earns}
      union all
      select $1, ${numberedId('slot', 'a * 100 + m')}, 'revshare/' || a || '/' || m, ${numberedId('aff', 'a')}, ${numberedId('deal', '0')}, 1, 'revshare', 'revshare',
      to_char(now() - make_interval(months => m), 'YYYY-MM'), case when a % 500 = 19 then 'EUR' else 'USD' end, 10, 10, 1000, 0, 0, 0, 0, 1000, 1, 1,
      now() - make_interval(months => m - 1), null, now() - make_interval(months => m)
      from generate_series(0, ${affiliates - 1}) a, generate_series(1, 12) m`,
  ],
  ({ affiliates }) => [
    'transfers id, posting_group, currency, debit_account, credit_account, amount_minor, code, affiliate_id, slot_id, slot_seq, event_id, occurred_at, posted_at, period, origin_period, payout_id',
    `select $1, ${idSql('trf', 'ms + n * 86400000', 'i')}, ${idSql('bat', 'ms + 2', 'i / 100')}, currency, case n when 0 then 'expense' else 'pending/' || aff end,
      case n when 0 then 'pending/' || aff else 'payable/' || aff end, 1000, case n when 0 then 'accrue' else 'release' end,
      aff, case when type in ('trade', 'revenue') then null else slot end, case when type in ('trade', 'revenue') then null else n + 1 end, event, at, at,
      month, month, case when n = 30 and money = 'paid' then ${numberedId('pay', `${affiliates} + affiliate`)} end
      from bench_plan, unnest(array[0, 30]::bigint[]) n
      where ${settled} and ((type in ('deposit', 'ftd', 'sale') and (n = 0 or money in ('payable', 'in_payout', 'paid'))) or (i % 5 = 0 and n = 0 and type in ('trade', 'revenue')))
      order by 2`,
  ],
  () => [
    'ratings slot_id, seq, batch_id, deal_version, facts_count, facts_hash, target_minor, formula, inputs',
    `select $1, slot, 1, ${idSql('bat', 'ms + 2', 'i / 100')}, 1, 1, 0, 1000, '10 % of 100.00', '{"percent":"10"}'
      from bench_plan where ${earns} order by i`,
  ],
  () => [
    'commission_decisions id, slot_id, decision, amount_minor, actor, reason, decided_at',
    `select $1, ${idSql('dec', 'ms', 'i')}, slot, 'rejected', 0, 'key_1', 'fraud', at from bench_plan where ${earns} and money = 'rejected'`,
  ],
];

/** The months that are closed, with their statements: after the transfers. */
export async function writeBooks(context: Context): Promise<void> {
  const { affiliates, startMs } = context;
  const since = `to_timestamp(${startMs / 1000})`;
  const aff = numberedId('aff', 'a');
  await insert(context, [
    'periods period, status, closed_at, transfers_count, seal',
    `select $1,
    to_char(m, 'YYYY-MM'), 'closed', now(), 100, '\\x00' from generate_series(${since}, now() - interval '70 days', '1 month') m`,
  ]);
  const parts = ['pending', 'payable', 'in_payout', 'paid', 'debt'].flatMap((part) => [
    `opening_${part}_minor`,
    `closing_${part}_minor`,
  ]);
  await insert(context, [
    `statements id, affiliate_id, currency, period, lines_count, ${parts.join(', ')}`,
    `select $1,
    ${numberedId('stm', 'row_number() over (order by period, a)')}, ${aff}, case when a % 500 = 19 then 'EUR' else 'USD' end, period, 10, ${parts.map(() => '0').join(', ')}
    from periods, generate_series(0, ${affiliates - 1}) a where operator_id = $1`,
  ]);
  await insert(context, [
    'statement_lines statement_id, transfer_id',
    `select $1, s.id, t.id from statements s
     join transfers t on t.operator_id = s.operator_id and t.affiliate_id = s.affiliate_id
       and t.currency = s.currency and t.period = s.period
     where s.operator_id = $1`,
  ]);
}
