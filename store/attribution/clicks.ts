// Clicks, in monthly partitions that expire whole.
import type { Click, Subs } from '../../domain/types.ts';
import type { Page } from '../db/page.ts';
import { bulkColumns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import { subArray, subColumns } from '../db/subs.ts';

/** A click to insert. */
export type NewClick = Click & { operatorId: string; isBot?: boolean };

/** A stored click; `seenAt` is null until the capture script reports its arrival. */
export type ClickRow = Omit<Click, 'clickedAt'> & {
  clickedAt: Date;
  receivedAt: Date;
  isBot: boolean;
  seenAt: Date | null;
};

/**
 * Filters of a list; null means any. `from` (inclusive) and `to` (exclusive) bound the time of
 * receipt.
 */
type ClickFilter = {
  affiliateId: string | null;
  linkId: string | null;
  isBot: boolean | null;
  isSeen: boolean | null;
  from: Date | null;
  to: Date | null;
};

export type Clicks = ReturnType<typeof createClicks>;

const COLUMNS = `
  id, link_id as "linkId", affiliate_id as "affiliateId", ${subArray('clicks')} as subs,
  clicked_at as "clickedAt", received_at as "receivedAt", is_bot as "isBot", seen_at as "seenAt"`;

const FILTERED_CLICKS = `select ${COLUMNS} from clicks
  where operator_id = $1 and ($2::text is null or affiliate_id = $2) and ($3::text is null or link_id = $3)
    and ($4::boolean is null or is_bot = $4) and ($5::boolean is null or (seen_at is not null) = $5)
    and ($8::text is null or id < $8)`;
/**
 * Generated ids begin with the time, so a time range is a range of the key; foreign ids carry no
 * time.
 */
const GENERATED_ID = `id >= coalesce(id_bound('clk', $6::timestamptz), 'clk_')
  and id < coalesce(id_bound('clk', $7::timestamptz), 'clk\`')`;
const FOREIGN_ID = `(id < 'clk_' or id >= 'clk\`')
  and ($6::timestamptz is null or received_at >= $6) and ($7::timestamptz is null or received_at < $7)`;

export function createClicks(db: Queryable) {
  return {
    /** Inserts one click. False when its id exists; nothing changes then. */
    async insert(operatorId: string, click: Click): Promise<boolean> {
      return (await insertClicks(db, [{ ...click, operatorId }])) === 1;
    },

    insertAll: (clicks: readonly NewClick[]): Promise<number> => insertClicks(db, clicks),

    async find(operatorId: string, id: string): Promise<ClickRow | null> {
      const { rows } = await db.query<ClickRow>(
        `select ${COLUMNS} from clicks where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rows[0] ?? null;
    },

    async list(operatorId: string, filter: ClickFilter, page: Page): Promise<ClickRow[]> {
      const { rows } = await db.query<ClickRow>(
        `(${FILTERED_CLICKS} and ${GENERATED_ID} order by id desc limit $9)
         union all (${FILTERED_CLICKS} and ${FOREIGN_ID} order by id desc limit $9)
         order by id desc limit $9`,
        [
          operatorId,
          filter.affiliateId,
          filter.linkId,
          filter.isBot,
          filter.isSeen,
          filter.from,
          filter.to,
          page.before,
          page.limit,
        ],
      );
      return rows;
    },

    /**
     * Marks clicks as arrived on the operator's site, which knows only their ids. The first report
     * counts; unknown ids are ignored.
     */
    async markSeen(ids: readonly string[]): Promise<void> {
      await db.query({
        name: 'mark-clicks-seen',
        text: `update clicks c set seen_at = now()
          from (
            select operator_id, id from clicks
            where id = any($1) and seen_at is null
            for no key update skip locked
          ) s
          where c.operator_id = s.operator_id and c.id = s.id and c.id = any($1)`,
        values: [ids],
      });
    },
  };
}

const CLICKS = bulkColumns<NewClick>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  id: ['text', ({ id }) => id],
  link_id: ['text', ({ linkId }) => linkId],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  ...subColumns<NewClick>(({ subs }) => subs),
  clicked_at: ['timestamptz', ({ clickedAt }) => new Date(clickedAt)],
  is_bot: ['boolean', ({ isBot = false }) => isBot],
});

/** Inserts clicks in the order of their ids; returns the number of new ids. */
async function insertClicks(db: Queryable, clicks: readonly NewClick[]): Promise<number> {
  const { rowCount } = await db.query({
    name: 'insert-clicks',
    text: `
      insert into clicks (${CLICKS.names()})
      select ${CLICKS.names()} from ${CLICKS.unnest(1, 'c')}
      order by operator_id, id
      on conflict do nothing`,
    values: CLICKS.values(clicks),
  });
  return rowCount ?? 0;
}

/** Whether two clicks have equal content. */
export function isSameClick(a: Omit<Click, 'clickedAt'> & { clickedAt: number | Date }, b: Click): boolean {
  const sameSubs = (x: Subs, y: Subs): boolean => x.every((value, index) => value === y[index]);
  return (
    a.linkId === b.linkId &&
    a.affiliateId === b.affiliateId &&
    Number(a.clickedAt) === b.clickedAt &&
    sameSubs(a.subs, b.subs)
  );
}
