// Clicks, in monthly partitions that expire whole.
import type { Click, Subs } from '../../domain/types.ts';
import { lookThrough, type Look, type LookedPage } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import { allOf, parametersOf } from '../db/parameters.ts';
import { bulkColumns } from '../db/bulk.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { subArray, subColumns } from '../db/subs.ts';
import { judgeByLateClicks } from './late-evidence.ts';

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

/**
 * Generated ids begin with the time, so a time range is a range of the key; foreign ids carry no
 * time.
 */
const GENERATED_ID = `id >= coalesce(id_bound('clk', $2::timestamptz), 'clk_')
  and id < coalesce(id_bound('clk', $3::timestamptz), 'clk\`')`;
const FOREIGN_ID = `(id < 'clk_' or id >= 'clk\`')
  and ($2::timestamptz is null or received_at >= $2) and ($3::timestamptz is null or received_at < $3)`;

function lookFor(operatorId: string, { affiliateId, linkId, isBot, isSeen, from, to }: ClickFilter): Look {
  const { values, parameter } = parametersOf(operatorId, from, to);
  const ofAffiliate = affiliateId === null ? '' : `and affiliate_id = ${parameter(affiliateId)}`;
  const clicks = `select id, link_id, is_bot, seen_at from clicks where operator_id = $1 ${ofAffiliate}`;
  const chosen = allOf([
    ...(linkId === null ? [] : [`link_id = ${parameter(linkId)}`]),
    ...(isBot === null ? [] : [`is_bot = ${parameter(isBot)}`]),
    ...(isSeen === null ? [] : [`(seen_at is not null) = ${parameter(isSeen)}`]),
  ]);
  return { rows: [`${clicks} and ${GENERATED_ID}`, `${clicks} and ${FOREIGN_ID}`], chosen, values };
}

export function createClicks(db: Pool) {
  return {
    /**
     * Inserts a click under an id of the operator's, which events may have named before: returns
     * once nothing is being settled that names it and did not see it. False when the id exists;
     * the click stays as it was.
     */
    async insert(operatorId: string, click: Click): Promise<boolean> {
      const inserted = await insertClicks(db, [{ ...click, operatorId }]);
      // Also for a click that is known: the call that inserted it may have ended before this.
      await judgeByLateClicks(db, operatorId, [click.id]);
      return inserted === 1;
    },

    /** Inserts clicks of which events may have been settled before. */
    async insertLate(clicks: readonly NewClick[]): Promise<void> {
      await insertClicks(db, clicks);
      for (const operatorId of new Set(clicks.map((click) => click.operatorId))) {
        const ids = clicks.flatMap((click) => (click.operatorId === operatorId ? [click.id] : []));
        await judgeByLateClicks(db, operatorId, ids);
      }
    },

    insertAll: (clicks: readonly NewClick[]): Promise<number> => insertClicks(db, clicks),

    async find(operatorId: string, id: string): Promise<ClickRow | null> {
      const { rows } = await db.query<ClickRow>(
        `select ${COLUMNS} from clicks where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rows[0] ?? null;
    },

    async list(operatorId: string, filter: ClickFilter, page: Page): Promise<LookedPage<ClickRow>> {
      const { ids, reached } = await lookThrough(db, lookFor(operatorId, filter), page);
      const { rows } = await db.query<ClickRow>(
        `select ${COLUMNS} from clicks where operator_id = $1 and id = any($2) order by id desc`,
        [operatorId, ids],
      );
      return { rows, reached };
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

/** Forgets the marks of clicks whose customer is erased. */
export async function eraseClicks(
  db: Queryable,
  operatorId: string,
  clickIds: readonly string[],
): Promise<void> {
  await db.query(
    `update clicks set sub1 = null, sub2 = null, sub3 = null, sub4 = null, sub5 = null
     where operator_id = $1 and id = any($2) and num_nonnulls(sub1, sub2, sub3, sub4, sub5) > 0`,
    [operatorId, clickIds],
  );
}
