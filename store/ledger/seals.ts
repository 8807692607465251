// The seal of a closed month: a digest of its transfers in the order of their ids. SHA-256 over the
// SHA-256 of each thousand, so that PostgreSQL seals a month of any size in bounded memory.

/**
 * The columns under the seal. A column that is added later is left out, so that earlier seals stay
 * valid.
 */
const SEALED = `row(t.id, t.posting_group, t.currency, t.debit_account, t.credit_account, t.amount_minor,
  t.code, t.affiliate_id, t.slot_id, t.slot_seq, t.event_id, t.idempotency_key, t.actor, t.reason,
  extract(epoch from t.occurred_at), extract(epoch from t.posted_at), t.period, t.origin_period)::text`;

/** The seal of a month without transfers. */
export const EMPTY_SEAL = `sha256('')`;

/**
 * A query of `period`, `transfers` and `seal` for each month of operator `$1` with transfers `t`
 * that meet a condition.
 */
export function sealsWhere(condition: string): string {
  return `select period, sum(transfers)::bigint as transfers,
      sha256(string_agg(digest, ''::bytea order by part)) as seal
    from (
      select period, part, count(*) as transfers,
        sha256(convert_to(string_agg(line, E'\\n' order by id), 'UTF8')) as digest
      from (
        select t.period, t.id, ${SEALED} as line,
          (row_number() over (partition by t.period order by t.id) - 1) / 1000 as part
        from transfers t where t.operator_id = $1 and ${condition}
      ) sealed group by period, part
    ) parts group by period`;
}
