// Customers of an affiliate who are on their way to a CPA: slots that were never booked, with their
// facts.
import { kindOf } from '../../domain/commission/components/index.ts';
import { progressTowards, type Progress } from '../../domain/commission/progress.ts';
import type { SlotKind } from '../../domain/commission/slot-kinds.ts';
import { storedTerms } from '../../domain/commission/component-lines.ts';
import { emptySlot, componentOf, countedIn, type Slot } from '../../domain/settlement/slot.ts';
import type { Component, DealVersion } from '../../domain/types.ts';
import { lookThrough, type LookedPage } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { PER_CUSTOMER } from '../ledger/slot-kinds.ts';
import { readVersions } from './load-events.ts';
import { loadFacts } from './slots.ts';

export type CustomerProgress = Progress & {
  /** Of the commission that it would be. */
  id: string;
  dealId: string;
  dealVersion: number;
  component: Component;
  currency: string;
  /** Null for a customer who is known by a click alone. */
  customerId: string | null;
};

type SlotRow = {
  id: string;
  key: string;
  kind: SlotKind;
  component: string;
  dealId: string;
  dealVersion: number;
  currency: string;
};

export function createCustomerProgress(db: Queryable) {
  return {
    /** Slots of customers who have not qualified yet, those last begun first. */
    async list(operatorId: string, affiliateId: string, page: Page): Promise<LookedPage<CustomerProgress>> {
      const look = {
        rows: [
          `select id || '' as id, kind, gross_minor, rejected_at from slots
           where operator_id = $1 and affiliate_id = $2`,
        ],
        chosen: `r.kind in ${PER_CUSTOMER} and r.gross_minor = 0 and r.rejected_at is null`,
        values: [operatorId, affiliateId],
      };
      const { ids, reached } = await lookThrough(db, look, page);
      const rows = await readSlots(db, operatorId, ids);
      const versions = await compiledVersions(db, operatorId, affiliateId);
      const versionOf = (dealId: string, version: number): DealVersion =>
        versions.get(`${dealId} ${version}`)!;
      const slots = rows.map((row) => slotOf(row, affiliateId, versionOf(row.dealId, row.dealVersion)));
      await loadFacts(db, operatorId, slots, [], versionOf);
      const found = rows.flatMap((row, index) => progressOf(row, slots[index]!));
      // Those who qualified meanwhile are left out of a page, which may so be short.
      return { rows: found, reached: reached ?? (ids.length === page.limit ? ids.at(-1)! : null) };
    },
  };
}

function progressOf(row: SlotRow, slot: Slot): CustomerProgress[] {
  const component = componentOf(slot)!;
  const progress = progressTowards(component, slot.version.terms, [...countedIn(slot)], Date.now());
  if (progress === null) return [];
  const kind = kindOf(component);
  const subject = 'subjectIn' in kind ? kind.subjectIn(row.key) : null;
  const customerId = /^customer (.*)$/s.exec(subject ?? '')?.[1] ?? null;
  const { id, dealId, dealVersion, currency } = row;
  return [{ ...progress, id, dealId, dealVersion, currency, component, customerId }];
}

function slotOf({ id, key, kind, component }: SlotRow, affiliateId: string, version: DealVersion): Slot {
  const name = { key, kind, component, period: null, parentsSince: null };
  return emptySlot(id, name, version, affiliateId, null);
}

async function readSlots(db: Queryable, operatorId: string, ids: readonly string[]): Promise<SlotRow[]> {
  const { rows } = await db.query<SlotRow>(
    `select id, key, kind, component, deal_id as "dealId", deal_version as "dealVersion", currency
     from slots where operator_id = $1 and id = any($2) order by id desc`,
    [operatorId, ids],
  );
  return rows;
}

async function compiledVersions(
  db: Queryable,
  operatorId: string,
  affiliateId: string,
): Promise<Map<string, DealVersion>> {
  const stored = await readVersions(db, operatorId, [affiliateId]);
  return new Map(stored.map((one) => [`${one.dealId} ${one.version}`, { ...one, terms: storedTerms(one) }]));
}
