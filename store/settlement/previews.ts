// Reads past conversions for a preview, page by page, after the history they depend on. Writes
// nothing.
import { earliestMonthFrom, monthByZones, type Zones } from '../../domain/ledger/periods.ts';
import { DAY_MS } from '../../domain/units.ts';
import { carriesLosses, isLinked } from '../../domain/commission/commission.ts';
import { isPerCustomer, type SlotKind } from '../../domain/commission/slot-kinds.ts';
import { EMPTY } from '../../domain/ledger/transfers.ts';
import { startPreview, type WouldPay } from '../../domain/settlement/preview.ts';
import { linesOf, storedTerms, withLines } from '../../domain/commission/component-lines.ts';
import { currenciesOf, POSITIVE_EVENTS, type DealVersion } from '../../domain/types.ts';
import { readParentHistory } from '../attribution/parents.ts';
import { readEarlier } from '../agreements/component-lines.ts';
import { readRates } from '../agreements/fx-rates.ts';
import type { Pool, Queryable } from '../db/pool.ts';
import { OF_CHAINS } from '../ledger/slot-kinds.ts';
import type { LoadedEvent } from './event-rows.ts';
import {
  findOthers,
  loadEvents,
  readOperatorRules,
  readVersions,
  type StoredVersion,
} from './load-events.ts';
import type { Slot } from '../../domain/settlement/slot.ts';
import { readAmountsOfOthers, type ReportedAmountRow } from '../ledger/reported-amounts.ts';

/** Commission paid for conversions of a month, in minor units of the currency. */
type WasPaid = { affiliateId: string; month: string; currency: string; minor: bigint };

/** `events`: conversions that the terms would rate, by affiliate and month. */
export type Previewed = {
  would: WouldPay[];
  paid: WasPaid[];
  events: { affiliateId: string; month: string; count: number }[];
  lacking: Record<string, number>;
};

type PreviewInput = { version: DealVersion; from: Date; to: Date };

/**
 * Limit on conversions in a preview, and on settled events read to find them: fits in memory and in
 * a request's time.
 */
export const PREVIEWED_AT_MOST = 50_000;
const LOOKED_THROUGH_AT_MOST = 500_000;
const PAGE = 1000;
const LOOKED_AT_AT_ONCE = 5000;

/** `atMost`: see `PREVIEWED_AT_MOST`. */
export function createPreviewing(pool: Pool, atMost = PREVIEWED_AT_MOST) {
  return {
    /**
     * Reads the window from the beginning of its first month, since caps and steps count whole
     * months, and the earlier history of its customers. `too_many` if the limit is exceeded.
     */
    async preview(operatorId: string, input: PreviewInput): Promise<Previewed | 'too_many'> {
      const { from, to } = input;
      const operator = (await readOperatorRules(pool, operatorId))!;
      const version = await onLines(pool, operatorId, input.version);
      const preview = startPreview(operator, version);
      const counted = createCounts();
      const affiliates = new Set<string>();
      const begin = { month: earliestMonthFrom(from.getTime(), operator.zones), zones: operator.zones };
      const window = { affiliateId: version.affiliateId, begin, to };
      // Reading what to rate takes a small part of the time of rating it.
      if (await isMore(pool, operatorId, window, atMost)) return 'too_many';
      const earlier = new Set<string>();
      let [after, seen] = ['', 0];
      for (;;) {
        const page = await readPage(pool, operatorId, { ...window, after, atMost: PAGE });
        const before = (await findEarlier(pool, operatorId, version, begin, page.eventIds)).filter(
          (id) => !earlier.has(id),
        );
        for (const id of before) earlier.add(id);
        seen += page.eventIds.length + before.length;
        if (seen > atMost) return 'too_many';
        if (page.eventIds.length > 0) {
          const chunk = await loadChunk(pool, operatorId, [...page.eventIds, ...before], version);
          for (const { event, outcome, reported } of preview.add(chunk) as LoadedEvent[]) {
            const of = {
              affiliateId: outcome!.affiliateId!,
              month: monthByZones(event.occurredAt, operator.zones),
            };
            affiliates.add(of.affiliateId);
            counted.event(of);
            if (reported) counted.paid(of, reported.currency, reported.amountMinor);
            for (const part of chunk.reportedToOthers.get(event.id) ?? [])
              counted.paid({ ...of, affiliateId: part.affiliateId }, part.currency, part.amountMinor);
          }
        }
        if (page.last === null) break;
        after = page.last;
      }
      const months = await readMonthsBefore(pool, operatorId, version, [...affiliates], begin.month);
      const would = preview.result(months);
      return { would, ...counted.result(), lacking: Object.fromEntries(preview.lacking) };
    },
  };
}

type Month = { affiliateId: string; month: string };

function createCounts() {
  const events = new Map<string, Month & { count: number }>();
  const paid = new Map<string, WasPaid>();
  return {
    event(of: Month): void {
      const key = `${of.affiliateId} ${of.month}`;
      events.set(key, { ...of, count: (events.get(key)?.count ?? 0) + 1 });
    },
    paid(of: Month, currency: string, minor: bigint): void {
      const key = `${of.affiliateId} ${of.month} ${currency}`;
      paid.set(key, { ...of, currency, minor: (paid.get(key)?.minor ?? 0n) + minor });
    },
    result: () => ({ events: [...events.values()], paid: [...paid.values()] }),
  };
}

/** The first month that a preview reads, by an operator's zones. */
type Begin = { month: string; zones: Zones };

/** A month begins and ends within a day of its beginning and end in UTC, whatever the zone. */
const startInUtc = ({ month }: Begin): number => Date.parse(`${month}-01T00:00:00Z`);

type Window = { affiliateId: string | null; begin: Begin; to: Date };

/** Whether a window has more conversions than this, or lies before too many events. */
async function isMore(db: Queryable, operatorId: string, window: Window, atMost: number): Promise<boolean> {
  let [after, seen, lookedAt]: [string | null, number, number] = ['', 0, 0];
  while (after !== null) {
    const page = await readPage(db, operatorId, { ...window, after, atMost: LOOKED_AT_AT_ONCE });
    seen += page.eventIds.length;
    lookedAt += page.lookedAt;
    if (seen > atMost || lookedAt > LOOKED_THROUGH_AT_MOST) return true;
    after = page.last;
  }
  return false;
}

/**
 * Next conversions by event id. Ids hold the time of receipt, so that events received long before
 * are skipped.
 */
async function readPage(
  db: Queryable,
  operatorId: string,
  { affiliateId, begin, to, after, atMost }: Window & { after: string; atMost: number },
): Promise<{ eventIds: string[]; last: string | null; lookedAt: number }> {
  const from = new Date(startInUtc(begin) - DAY_MS);
  const { rows } = await db.query<{ id: string; isWanted: boolean; occurredAt: Date }>(
    `with page as materialized (
       select event_id, status from event_outcomes
       where operator_id = $1 ${affiliateId === null ? 'and $2::text is null' : 'and affiliate_id = $2'}
         and event_id > greatest($3 collate "C", id_bound('evt',
           greatest($4::timestamptz - interval '2 days', 'epoch')) collate "C")
       order by event_id limit ${LOOKED_AT_AT_ONCE}
     )
     select p.event_id as id, p.status = 'settled' and e.type = any($6) and e.occurred_at >= $4
       and e.occurred_at < $5 as "isWanted", e.occurred_at as "occurredAt"
     from page p join events e on e.operator_id = $1 and e.id = p.event_id
     order by p.event_id`,
    [operatorId, affiliateId, after, from, to, POSITIVE_EVENTS],
  );
  const wanted = rows
    .flatMap(({ id, isWanted, occurredAt }, index) =>
      isWanted && !isBefore(occurredAt, begin) ? [{ id, index }] : [],
    )
    .slice(0, atMost);
  const lookedAt = wanted.length === atMost ? wanted.at(-1)!.index + 1 : rows.length;
  const isEnd = lookedAt === rows.length && rows.length < LOOKED_AT_AT_ONCE;
  return { eventIds: wanted.map(({ id }) => id), last: isEnd ? null : rows[lookedAt - 1]!.id, lookedAt };
}

/** Whether a moment lies in a month before the first one. */
function isBefore(moment: Date, { month, zones }: Begin): boolean {
  return monthByZones(moment.getTime(), zones) < month;
}

/** Earlier events of these customers that a CPA or a count of first deposits depends on. */
async function findEarlier(
  db: Queryable,
  operatorId: string,
  { terms }: DealVersion,
  begin: Begin,
  eventIds: readonly string[],
): Promise<string[]> {
  const types = new Set(terms.components.flatMap(({ kind, on }) => (isPerCustomer(kind) ? on : [])));
  if (isLinked(terms)) types.add('ftd');
  if (types.size === 0 || eventIds.length === 0) return [];
  const { rows } = await db.query<{ id: string; occurredAt: Date }>(
    `select distinct x.id, x.occurred_at as "occurredAt" from events e
     join events x on x.operator_id = $1 and x.subject = e.subject and x.occurred_at < $3 and x.type = any($4)
     join event_outcomes o on o.operator_id = $1 and o.event_id = x.id and o.status = 'settled'
     where e.operator_id = $1 and e.id = any($2) and e.type = any($4)`,
    [operatorId, eventIds, new Date(startInUtc(begin) + DAY_MS), [...types]],
  );
  return rows.flatMap(({ id, occurredAt }) => (isBefore(occurredAt, begin) ? [id] : []));
}

/** Shares and counts in the deal's earlier months, from which losses may be carried on. */
async function readMonthsBefore(
  db: Queryable,
  operatorId: string,
  version: DealVersion,
  affiliateIds: readonly string[],
  period: string,
): Promise<Slot[]> {
  if (!version.terms.components.some(carriesLosses)) return [];
  const versions = besideOf(version, await readVersions(db, operatorId, affiliateIds)).filter(
    ({ dealId }) => dealId === version.dealId,
  );
  const { rows } = await db.query<
    Slot['sums'] &
      Omit<Slot['name'], 'parentsSince'> & {
        id: string;
        affiliateId: string;
        dealVersion: number;
        kind: SlotKind;
        parentsSince: Date | null;
      }
  >(
    `select id, key, kind, component, period, parents_since as "parentsSince", affiliate_id as "affiliateId",
       deal_version as "dealVersion", basis_minor as "basisMinor",
       volume_e4 as "volumeE4", ftd_count as "ftdCount", conversions_count as "conversionsCount",
       facts_count as "factsCount", facts_hash as "factsHash"
     from slots where operator_id = $1 and deal_id = $2 and affiliate_id = any($3)
       and kind in ${OF_CHAINS} and period < $4`,
    [operatorId, version.dealId, affiliateIds, period],
  );
  const asMonth = {
    override: null,
    money: EMPTY,
    transfersCount: 0,
    ratingsCount: 0,
    holdUntil: 0,
    isRejected: false,
    isNew: false,
    isChanged: false,
  };
  return rows.flatMap(
    ({ id, key, kind, component, period: of, parentsSince, affiliateId, dealVersion, ...sums }): Slot[] => {
      const by = versions.find((one) => one.version === dealVersion);
      return by
        ? [
            {
              ...asMonth,
              id,
              name: { key, kind, component, period: of, parentsSince: parentsSince?.getTime() ?? null },
              affiliateId,
              version: by,
              sums,
              groups: new Map(),
            },
          ]
        : [];
    },
  );
}

/** The proposed version on the lines that it would have if it were saved. */
async function onLines(db: Queryable, operatorId: string, version: DealVersion): Promise<DealVersion> {
  const lines = linesOf(version, await readEarlier(db, operatorId, version.dealId));
  return { ...version, terms: withLines(version.terms, lines) };
}

/** Versions of every other deal, and the deal's own that begin before the proposed one. */
function besideOf(version: DealVersion, stored: readonly StoredVersion[]): DealVersion[] {
  return stored
    .filter(({ dealId, effectiveFrom }) => dealId !== version.dealId || effectiveFrom < version.effectiveFrom)
    .map((one) => ({ ...one, terms: storedTerms(one) }));
}

async function loadChunk(
  db: Queryable,
  operatorId: string,
  eventIds: readonly string[],
  version: DealVersion,
) {
  const settled = await loadEvents(db, operatorId, eventIds);
  const others = await loadEvents(db, operatorId, await findOthers(db, operatorId, 'conversions', eventIds));
  const affiliates = [...new Set(settled.map(({ outcome }) => outcome!.affiliateId!))];
  const stored = await readVersions(db, operatorId, affiliates);
  const versions = besideOf(version, stored);
  const loaded = [...settled, ...others];
  const bases = [...new Set(loaded.flatMap(({ event }) => currenciesOf(event)))];
  const times = loaded.map(({ event }) => event.occurredAt);
  const rates = await readRates(db, operatorId, {
    bases,
    quotes: [...new Set([...bases, version.terms.currency])],
    from: times.reduce((a, b) => Math.min(a, b)),
    to: times.reduce((a, b) => Math.max(a, b)),
  });
  const affiliateIds = [...new Set(loaded.flatMap(({ outcome }) => outcome?.affiliateId ?? []))];
  const parents = await readParentHistory(db, operatorId, affiliateIds);
  const reportedToOthers = new Map<string, ReportedAmountRow[]>();
  for (const row of await readAmountsOfOthers(db, operatorId, eventIds))
    reportedToOthers.set(row.eventId, [...(reportedToOthers.get(row.eventId) ?? []), row]);
  return { settled, others, versions, rates, parents, reportedToOthers };
}
