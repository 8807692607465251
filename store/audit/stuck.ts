// Comparison of the audit of the counts of stuck postbacks with the deliveries.
import type { Comparison } from './context.ts';

const STUCK = `
  with kept as (
    select endpoint_id, payout_currency as currency, sum(count) as count, sum(minor) as minor
    from stuck_counts where operator_id = $1 group by 1, 2 having sum(count) <> 0 or sum(minor) <> 0
  ), counted as (
    select endpoint_id, payout_currency as currency, count(*) as count,
      coalesce(sum(payout_delta_minor), 0) as minor
    from deliveries d
    where operator_id = $1 and state in ('retrying', 'held', 'gave_up')
      and (state <> 'gave_up' or acknowledged_at is null)
    group by 1, 2
  )
  select coalesce(k.endpoint_id, c.endpoint_id) as about, coalesce(k.currency, c.currency) as currency,
    0::numeric as minor,
    format('is kept as %s stuck postbacks of %s, %s of %s are', coalesce(k.count, 0), coalesce(k.minor, 0),
      coalesce(c.count, 0), coalesce(c.minor, 0)) as detail
  from kept k full join counted c on (c.endpoint_id, coalesce(c.currency, '')) = (k.endpoint_id, coalesce(k.currency, ''))
  where (k.count, k.minor) is distinct from (c.count, c.minor)`;

export const STUCK_COMPARISONS: readonly Comparison[] = [{ check: 'stuck_is_counted', statement: STUCK }];
