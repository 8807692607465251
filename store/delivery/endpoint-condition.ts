// The condition of an endpoint in SQL, for every statement that asks whether the endpoint may be
// sent to.
import { BREAKER_THRESHOLD } from '../../domain/delivery/breaker.ts';

/**
 * An expression for the condition of a row of `endpoints`, as `conditionOf` of
 * domain/delivery/breaker.ts gives it.
 */
export function conditionSql(endpoint: string): string {
  return `case when ${endpoint}.state <> 'active' then 'off'
    when ${endpoint}.failures_in_a_row >= ${BREAKER_THRESHOLD} then 'down'
    when ${endpoint}.failing_since is not null then 'failing'
    else 'up' end`;
}

/** An expression for how many endpoints of the operator `$1` are failing. */
export const FAILING_IN_ALL = `(select count(*)::int from endpoints failing
  where failing.operator_id = $1 and failing.failing_since is not null and failing.deleted_at is null
    and ${conditionSql('failing')} = 'failing')`;
