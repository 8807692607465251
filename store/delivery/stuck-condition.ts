// Which deliveries are stuck, in SQL, for every statement that lists, counts or acts on them.

/**
 * A condition for a row of `deliveries`: retrying, held, or given up and not acknowledged. The
 * first half is that of an index, in its own words.
 */
export function stuckSql(delivery: string): string {
  return `(${delivery}.state in ('retrying', 'held', 'gave_up')
    and (${delivery}.state <> 'gave_up' or ${delivery}.acknowledged_at is null))`;
}
