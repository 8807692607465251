// Reads statements of closed months, and preliminary ones of open months. Lines come a few hundred
// at a time, so that a month of any size passes through in bounded memory.
import type { BalanceMoney } from '../../domain/ledger/transfers.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { explained, type ExplainedTransfer } from './explained-transfers.ts';
import { MOVED, PART_NAMES, type PartName } from './statement-writing.ts';

/** An affiliate's balance in a currency before and after a month. */
export type Statement = {
  id: string;
  affiliateId: string;
  currency: string;
  period: string;
  opening: BalanceMoney;
  closing: BalanceMoney;
  linesCount: number;
  createdAt: Date;
};

/** An affiliate's month without a statement yet. */
export type OpenMonth = { affiliateId: string; currency: string; period: string };

/** Fewer at first, so that the answer begins soon. */
const FIRST_LINES = 100;
const LINES_AT_ONCE = 500;

type Row = Omit<Statement, 'opening' | 'closing'> &
  Record<`${'opening' | 'closing'}_${PartName}_minor`, bigint>;

const COLUMNS = `s.id, s.affiliate_id as "affiliateId", s.currency, s.period, s.lines_count as "linesCount",
  s.created_at as "createdAt",
  ${PART_NAMES.map((part) => `s.opening_${part}_minor, s.closing_${part}_minor`).join(', ')}`;

/**
 * SQL: no transfer of a month has a lower id. Of a month, or of null: of none that is closed. Ids
 * begin with the time of posting, which is within that month but for clocks and time zones.
 */
const firstOf = (month: string): string =>
  `coalesce(id_bound('trf', (${month}) at time zone 'UTC' - interval '3 days'), '')`;
const CLOSED = `(select max(period) from periods where operator_id = $1 and status = 'closed')`;

const LINES = explained(`
    select t.* from statement_lines l join transfers t on t.operator_id = $1 and t.id = l.transfer_id
    where l.operator_id = $1 and l.statement_id = $2 and l.transfer_id > $3 order by l.transfer_id limit $4`);

const OPEN_LINES = explained(`
    select t.* from transfers t
    where t.operator_id = $1 and t.affiliate_id = $2 and t.id > $3 and t.currency = $5 and t.period = $6
      and t.id >= ${firstOf("($6 || '-01')::timestamp")}
    order by t.id limit $4`);

const OPENING = `
  with last as (
    select ${PART_NAMES.map((part) => `closing_${part}_minor as ${part}`).join(', ')} from statements
    where operator_id = $1 and affiliate_id = $2 and currency = $3 and period < $4
    order by period desc limit 1
  ), since as (
    select ${MOVED} from transfers t
    where t.operator_id = $1 and t.affiliate_id = $2 and t.currency = $3 and t.period < $4
      and t.period > coalesce(${CLOSED}, '')
      and t.id >= ${firstOf(`(${CLOSED} || '-01')::timestamp + interval '1 month'`)}
  )
  select ${PART_NAMES.map((part) => `coalesce(last.${part}, 0) + since.${part} as ${part}`).join(', ')}
  from since left join last on true`;

export function createStatements(db: Queryable) {
  async function* chunks(
    query: string,
    of: readonly string[],
    more: readonly string[],
  ): AsyncGenerator<ExplainedTransfer[]> {
    for (let after = '', limit = FIRST_LINES; ; limit = LINES_AT_ONCE) {
      const { rows } = await db.query<ExplainedTransfer>(query, [...of, after, limit, ...more]);
      if (rows.length > 0) yield rows;
      if (rows.length < limit) return;
      after = rows.at(-1)!.id;
    }
  }

  return {
    async find(operatorId: string, statementId: string): Promise<Statement | null> {
      const { rows } = await db.query<Row>(
        `select ${COLUMNS} from statements s where s.operator_id = $1 and s.id = $2`,
        [operatorId, statementId],
      );
      return rows[0] === undefined ? null : statementFrom(rows[0]);
    },

    /** Lists an affiliate's statements, newest first, in one currency or (null) in all. */
    async list(
      operatorId: string,
      affiliateId: string,
      currency: string | null,
      page: Page,
    ): Promise<Statement[]> {
      const { rows } = await db.query<Row>(
        `select ${COLUMNS} from statements s
         where s.operator_id = $1 and s.affiliate_id = $2
           and ($3::text is null or s.currency = $3) and ($4::text is null or s.id < $4)
         order by s.id desc limit $5`,
        [operatorId, affiliateId, currency, page.before, page.limit],
      );
      return rows.map(statementFrom);
    },

    /** Lists the statements of all affiliates in all currencies, of a closed month or of all. */
    async listOfAll(operatorId: string, period: string | null, page: Page): Promise<Statement[]> {
      const { rows } = await db.query<Row>(
        `select ${COLUMNS} from statements s
         where s.operator_id = $1 ${period === null ? '' : 'and s.period = $4'}
           and ($2::text is null or s.id < $2)
         order by s.id desc limit $3`,
        [operatorId, page.before, page.limit, ...(period === null ? [] : [period])],
      );
      return rows.map(statementFrom);
    },

    /** The lines of a statement, oldest first. */
    lines: (operatorId: string, statementId: string) => chunks(LINES, [operatorId, statementId], []),

    /**
     * An affiliate's balance at the beginning of an open month: its last statement and the open
     * months before.
     */
    async openingOf(operatorId: string, { affiliateId, currency, period }: OpenMonth): Promise<BalanceMoney> {
      const { rows } = await db.query<Record<PartName, bigint>>(OPENING, [
        operatorId,
        affiliateId,
        currency,
        period,
      ]);
      return partsFrom((part) => rows[0]![part]);
    },

    /** The lines of an open month so far, oldest first. */
    openLines: (operatorId: string, { affiliateId, currency, period }: OpenMonth) =>
      chunks(OPEN_LINES, [operatorId, affiliateId], [currency, period]),
  };
}

function statementFrom(row: Row): Statement {
  const { id, affiliateId, currency, period, linesCount, createdAt } = row;
  const opening = partsFrom((part) => row[`opening_${part}_minor`]);
  return {
    id,
    affiliateId,
    currency,
    period,
    opening,
    closing: partsFrom((part) => row[`closing_${part}_minor`]),
    linesCount,
    createdAt,
  };
}

function partsFrom(of: (part: PartName) => bigint): BalanceMoney {
  return {
    pendingMinor: of('pending'),
    payableMinor: of('payable'),
    inPayoutMinor: of('in_payout'),
    paidMinor: of('paid'),
    debtMinor: of('debt'),
  };
}
