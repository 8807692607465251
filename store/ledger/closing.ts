// Closes a month of an operator's ledger in two transactions. A short one takes the posting lock
// alone; after it nothing can be posted into the month. The second one writes statements and seal
// while posting into the next month goes on.
import { closabilityOf, type BooksState, type Closability } from '../../domain/ledger/closing.ts';
import { noteForChannels } from '../delivery/channel-notices.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import { EMPTY_SEAL, sealsWhere } from './seals.ts';
import { insertStatements } from './statement-writing.ts';
import { ZONES, zonesFrom, type StoredZones } from './time-zones.ts';

/**
 * Limits per statement, three in all, for months with millions of transfers. The activity's own
 * timeout is above their sum.
 */
const WRITING = { statementTimeoutMs: 240_000, lockTimeoutMs: 10_000 };

/** How many transfers and statements a closed month has. */
type ClosedBooks = { transfers: bigint; statements: number };

/** Reads which months are closed or closing; null for an unknown operator. */
export async function readBooks(db: Queryable, operatorId: string): Promise<BooksState | null> {
  const { rows } = await db.query<BooksRow>(`select ${BOOKS} from operators o where o.id = $1`, [operatorId]);
  return rows[0] === undefined ? null : booksFrom(rows[0]);
}

type BooksRow = Omit<BooksState, 'zones'> & { zones: StoredZones };

function booksFrom<Row extends BooksRow>(row: Row): Omit<Row, 'zones'> & Pick<BooksState, 'zones'> {
  return { ...row, zones: zonesFrom(row.zones) };
}

/**
 * The earliest month with transfers of an operator `o` while none is closed. Ids rise with time,
 * months need not: after a move to a zone further west, or by a clock that is behind, transfers go
 * into the month before that of the first one. They can until this month has begun in every zone,
 * 12 h after it did in UTC; the rest of the day is for clocks. Only transfers with ids of that time
 * are read, since no index leads by month.
 */
const FIRST_POSTED = `(
    select coalesce((
        select min(t.period) from transfers t where t.operator_id = o.id and t.id < id_bound('trf',
          id_moment(f.id) + ((f.period || '-01')::timestamp at time zone 'UTC' + interval '1 day' - f.posted_at))
      ), f.period)
    from (select id, period, posted_at from transfers t where t.operator_id = o.id order by t.id limit 1) f
    where not exists (select from periods p where p.operator_id = o.id and p.status = 'closed')
  )`;

/** Columns of `BooksRow` of an operator `o`. */
const BOOKS = `o.timezone, ${ZONES} as zones, ${FIRST_POSTED} as "firstPosted",
  (select max(p.period) from periods p where p.operator_id = o.id and p.status = 'closed') as "closedThrough",
  (select min(p.period) from periods p where p.operator_id = o.id and p.status = 'closing') as closing`;

/**
 * Reads the state of up to `limit` operators' ledgers in the order of their ids, those after
 * `after`.
 */
export async function listBooks(
  db: Queryable,
  after: string,
  limit: number,
): Promise<(BooksState & { operatorId: string })[]> {
  const { rows } = await db.query<BooksRow & { operatorId: string }>(
    `select o.id as "operatorId", ${BOOKS} from operators o where o.id > $1 order by o.id limit $2`,
    [after, limit],
  );
  return rows.map(booksFrom);
}

/**
 * Begins to close a month, if it can be closed now, so that nothing is posted into it any more:
 * waits for every transaction that is posting, while new ones wait too. Returns why it cannot be
 * closed otherwise, and null for an unknown operator. `now` is read under the posting lock.
 * `finishClosing` follows.
 */
export async function beginClosing(
  pool: Pool,
  operatorId: string,
  period: string,
  now: () => number = Date.now,
): Promise<Closability | null> {
  const before = await readBooks(pool, operatorId);
  if (before === null) return null;
  const first = closabilityOf(period, before, now());
  if (first.kind !== 'closable' || before.closing === period) return first;
  return withTransaction(pool, async (client) => {
    await client.query(`select pg_advisory_xact_lock(posting_lock($1))`, [operatorId]);
    const answer = closabilityOf(period, (await readBooks(client, operatorId))!, now());
    if (answer.kind === 'closable')
      await client.query(
        `insert into periods (operator_id, period, status) values ($1, $2, 'closing')
         on conflict (operator_id, period) do nothing`,
        [operatorId, period],
      );
    return answer;
  });
}

/**
 * Writes the statements and the seal of a closing month. Changes nothing in a closed month. Throws
 * for an open one.
 */
export async function finishClosing(pool: Pool, operatorId: string, period: string): Promise<ClosedBooks> {
  return withTransaction(
    pool,
    async (client) => {
      const { rows } = await client.query<{ status: 'closing' | 'closed' }>(
        `select status from periods where operator_id = $1 and period = $2 for update`,
        [operatorId, period],
      );
      if (rows[0] === undefined) throw new Error(`the closing of ${period} for ${operatorId} was not begun`);
      if (rows[0].status === 'closing') {
        await insertStatements(client, operatorId, period);
        await client.query(
          `update periods p set status = 'closed', closed_at = clock_timestamp(),
             transfers_count = coalesce(s.transfers, 0), seal = coalesce(s.seal, ${EMPTY_SEAL})
           from (select) one left join (${sealsWhere('t.period = $2')}) s on true
           where p.operator_id = $1 and p.period = $2`,
          [operatorId, period],
        );
        await noteForChannels(client, operatorId, 'month.closed', [{ month: period }]);
      }
      const closed = await client.query<ClosedBooks>(
        `select transfers_count as transfers,
           (select count(*)::int from statements where operator_id = $1 and period = $2) as statements
         from periods where operator_id = $1 and period = $2`,
        [operatorId, period],
      );
      return closed.rows[0]!;
    },
    WRITING,
  );
}
