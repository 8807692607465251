// Short stories of an operator that settling gets right, each with its sums and with the question
// of the audit that it is told for.
import type { WireTerms } from '../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import { createAmendments, type AmendableValues } from '../../store/agreements/amendments.ts';
import { createDeals } from '../../store/agreements/deals.ts';
import { createFxRates } from '../../store/agreements/fx-rates.ts';
import { createAffiliates } from '../../store/attribution/affiliates.ts';
import { createReassignments } from '../../store/attribution/reassignments.ts';
import { newId } from '../../store/db/ids.ts';
import type { Pool } from '../../store/db/pool.ts';
import { createOperators } from '../../store/setup/operators.ts';
import { DAY_MS, wireTerms } from './builders.ts';
import { withOperator } from './operator.ts';
import { addAffiliate, applyChanges, createSettling } from './settling.ts';

const TODAY = new Date();
/** The first day of the month before this one; stories are told by its days. */
const START = Date.UTC(TODAY.getUTCFullYear(), TODAY.getUTCMonth() - 1);
const day = (number: number): number => START + number * DAY_MS;

type Fields = Partial<ConversionEvent>;
const share: Partial<WireTerms> = { components: [{ kind: 'revshare', percent: '25' }] };
const bounty: Partial<WireTerms> = { components: [{ kind: 'cpa', on: ['ftd', 'deposit'], amount: '200' }] };
const byNobody: Fields = { clickId: null, customerId: null };
const none: Fields = { amountMinor: null, currency: null };

/** An operator whose affiliate has a deal of these terms and a click of day 0. */
export async function stageFor(pool: Pool, terms: Partial<WireTerms> = {}) {
  const { operatorId, ingest } = await withOperator(pool);
  const affiliate = await addAffiliate(pool, operatorId, terms);
  await pool.query(`update clicks set clicked_at = $2 where operator_id = $1`, [operatorId, new Date(START)]);
  await pool.query(`update operators set click_window_days = 365 where id = $1`, [operatorId]);
  const by = { actor: 'key_test', reason: 'a test' };
  return {
    pool,
    operatorId,
    ...affiliate,
    /** Settles events of the affiliate's click and of customer `u`, one by one. */
    async settled(...events: Fields[]): Promise<string[]> {
      const { clickId } = affiliate;
      const ids = await ingest(events.map((fields) => ({ clickId, customerId: 'u', ...fields })));
      for (const id of ids) await createSettling(pool)(operatorId, [id]);
      return ids;
    },
    async change(eventId: string, values: Partial<AmendableValues>): Promise<void> {
      await createAmendments(pool).insert(operatorId, eventId, by, (event) => ({
        ...event.values,
        ...values,
      }));
      await applyChanges(pool, operatorId);
    },
    async rate(rate: string): Promise<void> {
      const euro = { base: 'EUR', quote: 'USD', source: 'bank', asOf: new Date(START), actor: 'key_test' };
      await createFxRates(pool).insert(operatorId, { ...euro, id: newId('fx'), rate });
      await applyChanges(pool, operatorId);
    },
    async addAffiliate(): Promise<string> {
      const id = newId('aff');
      await createAffiliates(pool).insert(operatorId, { id, name: id, externalId: null, parentId: null });
      return id;
    },
    async placeBelow(parentId: string, since: number): Promise<void> {
      const parent = { parentId, since: new Date(since) };
      await createAffiliates(pool).update(operatorId, affiliate.affiliateId, { parent });
    },
  };
}
type Stage = Awaited<ReturnType<typeof stageFor>>;

/**
 * What an affiliate is owed after a story, in minor units. `check`: the question it is told for.
 */
export type Story = {
  check: string;
  title: string;
  terms?: Partial<WireTerms>;
  play: (stage: Stage) => Promise<Record<string, bigint>>;
};

export const STORIES: readonly Story[] = [
  {
    check: 'event_is_attributed_in_time',
    title: 'a sale two hours before its click',
    async play({ affiliateId, settled }) {
      await settled({ occurredAt: START - DAY_MS / 12 });
      return { [affiliateId]: 0n };
    },
  },
  {
    check: 'event_is_attributed_in_time',
    title: 'a sale before the click that bound its customer',
    async play({ affiliateId, settled }) {
      await settled(
        { ...none, type: 'registration', occurredAt: day(1) },
        { clickId: null, occurredAt: START - DAY_MS },
      );
      return { [affiliateId]: 0n };
    },
  },
  {
    check: 'event_set_aside_binds',
    title: 'a sale that waits for its exchange rate',
    async play({ affiliateId, settled }) {
      await settled({ currency: 'EUR', occurredAt: day(1) });
      return { [affiliateId]: 0n };
    },
  },
  {
    check: 'event_is_its_customers_owners',
    title: 'a customer whom a person moved to another affiliate',
    async play({ pool, operatorId, affiliateId, addAffiliate: add, settled }) {
      const other = await add();
      const deal = { id: newId('deal'), name: 'Other', affiliateId: other };
      await createDeals(pool).insert(operatorId, deal, new Date(0), wireTerms());
      await settled({ occurredAt: day(1) });
      await createReassignments(pool).insert(operatorId, {
        id: newId('rea'),
        customerId: 'u',
        affiliateId: other,
        from: new Date(day(2)),
        reason: 'a test',
        actor: 'key_test',
      });
      await settled({ occurredAt: day(3) }, { customerId: null, occurredAt: day(4) });
      return { [affiliateId]: 10_00n, [other]: 20_00n };
    },
  },
  {
    check: 'bound_click_is_named',
    title: 'a customer known by the click of a sale that was voided',
    async play({ affiliateId, settled, change }) {
      const [both] = await settled(
        { occurredAt: day(2) },
        { customerId: null, occurredAt: day(1) },
        { clickId: null, occurredAt: day(3) },
      );
      await change(both!, { voided: true });
      return { [affiliateId]: 10_00n };
    },
  },
  {
    check: 'bounty_is_paid_once',
    title: 'a customer known by click and by id',
    terms: bounty,
    async play({ affiliateId, settled }) {
      await settled(
        { ...none, type: 'registration', occurredAt: day(1) },
        { type: 'ftd', customerId: null, occurredAt: day(2) },
        { type: 'ftd', clickId: null, occurredAt: day(3) },
      );
      return { [affiliateId]: 200_00n };
    },
  },
  {
    check: 'bounty_is_paid_once',
    title: 'a customer who deposits under two deals',
    terms: bounty,
    async play({ pool, operatorId, affiliateId, settled }) {
      const deal = { id: newId('deal'), name: 'Later', affiliateId };
      await createDeals(pool).insert(operatorId, deal, new Date(day(10)), wireTerms(bounty));
      await settled({ type: 'ftd', occurredAt: day(2) }, { type: 'deposit', occurredAt: day(12) });
      return { [affiliateId]: 200_00n };
    },
  },
  {
    check: 'cap_holds_over_versions',
    title: 'a month of two versions with one cap',
    terms: { components: [{ kind: 'revshare', percent: '25', cap: { amount: '1000' } }] },
    async play({ pool, operatorId, affiliateId, dealId, settled }) {
      const [{ terms }] = (
        await pool.query<{ terms: WireTerms }>(`select terms from deal_versions where deal_id = $1`, [dealId])
      ).rows as [{ terms: WireTerms }];
      await createDeals(pool).addVersion(operatorId, dealId, new Date(day(10)), terms);
      const revenue: Fields = { type: 'revenue', amountMinor: 8000_00n };
      await settled({ ...revenue, occurredAt: day(2) }, { ...revenue, occurredAt: day(12) });
      return { [affiliateId]: 1000_00n };
    },
  },
  {
    check: 'paid_parent_is_of_the_date',
    title: 'a revenue from before the parent changed',
    terms: { ...share, overrides: [{ percent: '10' }] },
    async play({ affiliateId, addAffiliate: add, placeBelow, settled }) {
      const [first, second] = [await add(), await add()];
      await placeBelow(first, day(0));
      await placeBelow(second, day(10));
      await settled({ type: 'revenue', amountMinor: 1000_00n, occurredAt: day(5) });
      return { [affiliateId]: 250_00n, [first]: 25_00n, [second]: 0n };
    },
  },
  {
    check: 'parent_of_the_date_is_paid',
    title: 'a parent who came in the middle of a month',
    terms: { ...share, overrides: [{ percent: '10' }] },
    async play({ affiliateId, addAffiliate: add, placeBelow, settled }) {
      const parent = await add();
      const revenue: Fields = { type: 'revenue', amountMinor: 1000_00n };
      await settled({ ...revenue, occurredAt: day(2) });
      await placeBelow(parent, day(10));
      await settled({ ...revenue, occurredAt: day(12) });
      return { [affiliateId]: 500_00n, [parent]: 25_00n };
    },
  },
  {
    check: 'month_is_of_the_date',
    title: 'an operator who moves to another time zone',
    terms: share,
    async play({ pool, operatorId, affiliateId, settled, change }) {
      const lastEvening = Date.UTC(TODAY.getUTCFullYear(), TODAY.getUTCMonth()) - DAY_MS / 6;
      const [revenue] = await settled({ type: 'revenue', amountMinor: 1000_00n, occurredAt: lastEvening });
      await createOperators(pool).update(operatorId, { timezone: 'Pacific/Auckland' });
      await change(revenue!, { amountMinor: 1000_04n });
      return { [affiliateId]: 250_01n };
    },
  },
  {
    check: 'lost_chargeback_takes_all',
    title: 'a sale that is charged back again after a win',
    async play({ affiliateId, settled }) {
      const about: Fields = { ...byNobody, ...none, reference: 's' };
      await settled(
        { transactionId: 's', occurredAt: day(1) },
        { ...about, type: 'chargeback', occurredAt: day(2) },
        { ...about, type: 'chargeback_won', occurredAt: day(3) },
        { ...about, type: 'chargeback', occurredAt: day(4) },
      );
      return { [affiliateId]: 0n };
    },
  },
  {
    check: 'voided_event_counts_nowhere',
    title: 'a refund that was voided',
    async play({ affiliateId, settled, change }) {
      const [, refund] = await settled(
        { transactionId: 's', occurredAt: day(1) },
        { ...byNobody, type: 'refund', reference: 's', amountMinor: 40_00n, occurredAt: day(2) },
      );
      await change(refund!, { voided: true });
      return { [affiliateId]: 10_00n };
    },
  },
  {
    check: 'replaced_rate_is_not_used',
    title: 'a sale whose exchange rate was corrected',
    async play({ affiliateId, settled, rate }) {
      await rate('10.8');
      await settled({ currency: 'EUR', occurredAt: day(1) });
      await rate('1.08');
      return { [affiliateId]: 10_80n };
    },
  },
  {
    check: 'reversal_is_of_its_customer',
    title: 'a chargeback that names another customer than its sale',
    async play({ affiliateId, settled }) {
      await settled(
        { transactionId: 's', occurredAt: day(1) },
        { ...none, type: 'chargeback', clickId: null, customerId: 'v', reference: 's', occurredAt: day(2) },
      );
      return { [affiliateId]: 10_00n };
    },
  },
  {
    check: 'reversal_takes_at_most_its_amount',
    title: 'a chargeback of a customer with three sales, of the amount of one',
    async play({ affiliateId, settled }) {
      await settled(...[1, 2, 3].map((number) => ({ occurredAt: day(number) })), {
        type: 'chargeback',
        clickId: null,
        occurredAt: day(4),
      });
      return { [affiliateId]: 20_00n };
    },
  },
  {
    check: 'reversal_takes_at_most_its_amount',
    title: 'a fraud of a customer with three sales, which takes whole sales',
    async play({ affiliateId, settled }) {
      await settled(...[1, 2, 3].map((number) => ({ occurredAt: day(number) })), {
        type: 'fraud',
        clickId: null,
        occurredAt: day(4),
      });
      return { [affiliateId]: 20_00n };
    },
  },
];
