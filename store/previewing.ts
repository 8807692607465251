// Reads past conversions for a preview, page by page; writes nothing.
import { monthOf } from '../domain/period.ts';
import { startPreview, type WouldPay } from '../domain/preview.ts';
import { compileTerms } from '../domain/terms.ts';
import { POSITIVE_EVENTS, type DealVersion } from '../domain/types.ts';
import { readParents } from './affiliates.ts';
import { readRates } from './fx-rates.ts';
import type { Pool, Queryable } from './pool.ts';
import { findOthers, loadEvents, readOperatorRules, readVersions, type LoadedEvent } from './settling-events.ts';
import { readToldToParents, type ToldRow } from './settling-outcomes.ts';

/** What conversions of a month were paid, in minor units of a currency. */
export type WasPaid = { affiliateId: string; month: string; currency: string; minor: bigint };

/** `events`: how many conversions of each affiliate and month the terms would rate. */
export type Previewed = {
  would: WouldPay[];
  paid: WasPaid[];
  events: { affiliateId: string; month: string; count: number }[];
  lacking: Record<string, number>;
};

export type PreviewInput = { version: DealVersion; from: Date; to: Date };

/** Conversions that a preview looks at, and settled events it looks through to find them: what fits in memory and in a request's time. */
export const PREVIEWED_AT_MOST = 50_000;
const LOOKED_THROUGH_AT_MOST = 500_000;
const PAGE = 1000;
const LOOKED_AT_AT_ONCE = 5000;

export type Previewing = ReturnType<typeof createPreviewing>;

export function createPreviewing(pool: Pool) {
  return {
    /** `too_many` where there are more conversions in that time than are looked at. */
    async preview(operatorId: string, { version, from, to }: PreviewInput): Promise<Previewed | 'too_many'> {
      const operator = (await readOperatorRules(pool, operatorId))!;
      const preview = startPreview(operator, version);
      const counted = createCounts();
      const affiliates = new Set<string>();
      let [after, seen, lookedAt] = ['', 0, 0];
      for (;;) {
        const page = await readPage(pool, operatorId, { affiliateId: version.affiliateId, from, to, after });
        seen += page.eventIds.length;
        lookedAt += page.lookedAt;
        if (seen > PREVIEWED_AT_MOST || lookedAt > LOOKED_THROUGH_AT_MOST) return 'too_many';
        if (page.eventIds.length > 0) {
          const chunk = await loadChunk(pool, operatorId, page.eventIds, version);
          for (const { event, outcome, told } of preview.add(chunk) as LoadedEvent[]) {
            const of = { affiliateId: outcome!.affiliateId!, month: monthOf(event.occurredAt, operator.timezone) };
            affiliates.add(of.affiliateId);
            counted.event(of);
            if (told) counted.paid(of, told.currency, told.payoutMinor);
            for (const part of chunk.toldToParents.get(event.id) ?? [])
              counted.paid({ ...of, affiliateId: part.affiliateId }, part.currency, part.payoutMinor);
          }
        }
        if (page.last === null) break;
        after = page.last;
      }
      const parents = await readParents(pool, operatorId, [...affiliates]);
      const would = preview.result((affiliateId) => parents.get(affiliateId) ?? []);
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

/** The next conversions by event id. Ids carry when events came in, so what came in long before is passed over. */
async function readPage(
  db: Queryable,
  operatorId: string,
  { affiliateId, from, to, after }: { affiliateId: string | null; from: Date; to: Date; after: string },
): Promise<{ eventIds: string[]; last: string | null; lookedAt: number }> {
  const { rows } = await db.query<{ id: string; isWanted: boolean }>(
    `with page as materialized (
       select event_id, status from event_outcomes
       where operator_id = $1 ${affiliateId === null ? 'and $2::text is null' : 'and affiliate_id = $2'}
         and event_id > greatest($3 collate "C", id_bound('evt', greatest($4::timestamptz - interval '2 days', 'epoch')) collate "C")
       order by event_id limit ${LOOKED_AT_AT_ONCE}
     )
     select p.event_id as id, p.status = 'settled' and e.type = any($6) and e.occurred_at >= $4 and e.occurred_at < $5 as "isWanted"
     from page p join events e on e.operator_id = $1 and e.id = p.event_id
     order by p.event_id`,
    [operatorId, affiliateId, after, from, to, POSITIVE_EVENTS],
  );
  const wanted = rows.flatMap(({ id, isWanted }, index) => (isWanted ? [{ id, index }] : [])).slice(0, PAGE);
  const lookedAt = wanted.length === PAGE ? wanted.at(-1)!.index + 1 : rows.length;
  const isEnd = lookedAt === rows.length && rows.length < LOOKED_AT_AT_ONCE;
  return { eventIds: wanted.map(({ id }) => id), last: isEnd ? null : rows[lookedAt - 1]!.id, lookedAt };
}

async function loadChunk(db: Queryable, operatorId: string, eventIds: readonly string[], version: DealVersion) {
  const settled = await loadEvents(db, operatorId, eventIds);
  const others = await loadEvents(db, operatorId, await findOthers(db, operatorId, 'conversions', eventIds));
  const affiliates = [...new Set(settled.map(({ outcome }) => outcome!.affiliateId!))];
  const stored = await readVersions(db, operatorId, affiliates);
  const versions = stored.flatMap((one): DealVersion[] => {
    const compiled = one.dealId === version.dealId ? null : compileTerms(one.terms);
    return compiled?.kind === 'ok' ? [{ ...one, terms: compiled.terms }] : [];
  });
  const loaded = [...settled, ...others];
  const bases = [...new Set(loaded.flatMap(({ event }) => event.currency ?? []))];
  const times = loaded.map(({ event }) => event.occurredAt);
  const rates = await readRates(db, operatorId, {
    bases,
    quotes: [...new Set([...bases, version.terms.currency])],
    from: times.reduce((a, b) => Math.min(a, b)),
    to: times.reduce((a, b) => Math.max(a, b)),
  });
  const toldToParents = new Map<string, ToldRow[]>();
  for (const row of await readToldToParents(db, operatorId, eventIds))
    toldToParents.set(row.eventId, [...(toldToParents.get(row.eventId) ?? []), row]);
  return { settled, others, versions, rates, toldToParents };
}
