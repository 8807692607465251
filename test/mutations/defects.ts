// Lists deliberate defects in the money core: a small change of text each, and the test that must
// detect it.

/**
 * `from` occurs exactly once in the file. A test in the files of `tests` with the text of `sees` in
 * its title must fail.
 */
export type Defect = {
  title: string;
  file: string;
  from: string;
  to: string;
  tests: readonly string[];
  sees: string;
};

const ORDER = 'test/domain/settlement/settlement-order.test.ts';
const LINKED = 'test/domain/settlement/linked-slots.test.ts';
const RACES = 'test/activities/settlement/settle-races.test.ts';
const STORED = 'test/activities/settlement/settle-linked-slots.test.ts';

export const DEFECTS: readonly Defect[] = [
  {
    title: 'half-up where half-even was agreed',
    file: 'domain/ledger/money.ts',
    from: `(mode === 'half_up' || quotient % 2n === 1n)`,
    to: `(mode === 'half_up' || mode === 'half_even')`,
    tests: ['test/domain/settlement/vectors.test.ts'],
    sees: 'V2 (Affiliate Guard Dog): 45 % of 10.50 are 4.72',
  },
  {
    title: 'decimals of currencies from Intl instead of ISO 4217',
    file: 'domain/ledger/currencies.ts',
    from: `?? EXPONENTS.get(currency);`,
    to: `?? new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;`,
    tests: ['test/domain/settlement/vectors.test.ts'],
    sees: 'V20',
  },
  {
    title: 'each refund rounded by itself',
    file: 'domain/commission/component-kind.ts',
    from: `const net = leftOf(grossMinor, reversedIn(conversion), rounding);`,
    to: `const net = conversion.laterFacts.reduce((rest, one) => rest - grossMinor + leftOf(grossMinor, reversedIn({ ...conversion, laterFacts: [one] }), rounding), grossMinor);`,
    tests: ['test/domain/settlement/vectors.test.ts'],
    sees: 'V13',
  },
  {
    title: 'debit and credit of an accrual swapped',
    file: 'domain/ledger/transfers.ts',
    from: `debit: 'expense', credit: 'pending'`,
    to: `debit: 'pending', credit: 'expense'`,
    tests: ['test/domain/ledger/transfers.test.ts'],
    sees: 'up from nothing to pending',
  },
  {
    title: 'clawback window a moment too short',
    file: 'domain/commission/reversals.ts',
    from: `conversion.occurredAt > terms.clawback.days * DAY_MS`,
    to: `conversion.occurredAt >= terms.clawback.days * DAY_MS`,
    tests: ['test/domain/commission/reversals.test.ts', ORDER],
    sees: 'window',
  },
  {
    title: 'the same clawback applied twice',
    file: 'domain/settlement/batch-ledger.ts',
    from: `if (group.laterFacts.some((other) => isSameFact(other, fact))) return NO_DELTAS;`,
    to: ``,
    tests: ['test/domain/settlement/batch-ledger.test.ts'],
    sees: 'a fact that is there already changes nothing',
  },
  {
    title: 'a won chargeback still counts',
    file: 'domain/commission/reversals.ts',
    from: `|| (fact.type === 'chargeback' && won)`,
    to: ``,
    tests: [ORDER],
    sees: 'earns what the model says',
  },
  {
    title: 'tiers count reversed first deposits',
    file: 'domain/settlement/first-deposits.ts',
    from: `if (part < of) counting`,
    to: `if (part <= of) counting`,
    tests: [LINKED],
    sees: 'fall again when a first deposit they counted is charged back',
  },
  {
    title: 'tiers count the first deposit received first',
    file: 'domain/settlement/first-deposits.ts',
    from: `if (!first || isBefore(group.accrual, first.group.accrual))`,
    to: `if (!first)`,
    tests: [LINKED],
    sees: 'in the month of their earliest first deposit',
  },
  {
    title: 'a customer’s other first deposits not loaded',
    file: 'store/settlement/slots.ts',
    from: `x.subject = e.subject and x.type = 'ftd'`,
    to: `x.id = e.id`,
    tests: [STORED],
    sees: 'fighting',
  },
  {
    title: 'bands closed at their upper end',
    file: 'domain/commission/tiers.ts',
    from: `if (step.from <= reached)`,
    to: `if (step.from < reached)`,
    tests: ['test/domain/commission/tiers.test.ts'],
    sees: 'a metric of 10 reaches the step that pays 3',
  },
  {
    title: 'a cap allotted by arrival',
    file: 'domain/commission/allotment.ts',
    from: `.toSorted((a, b) => (isBefore(a.conversion.accrual, b.conversion.accrual) ? -1 : 1))`,
    to: ``,
    tests: ['test/domain/commission/allotment.test.ts'],
    sees: 'a cap of two pays the two earliest deposits',
  },
  {
    title: 'the first deposit chosen by arrival',
    file: 'domain/commission/group.ts',
    from: `if (first === null || isBefore(group.accrual, first.accrual)) first = group;`,
    to: `first ??= group;`,
    tests: [ORDER],
    sees: 'earns what the model says',
  },
  {
    title: 'a minimum that must be exceeded',
    file: 'domain/commission/components/cpa.ts',
    from: `first.accrual.basisMinor < (minAmountMinor ?? 0n)`,
    to: `first.accrual.basisMinor <= (minAmountMinor ?? 0n)`,
    tests: ['test/domain/commission/commission.test.ts'],
    sees: 'for a first deposit of exactly the minimum',
  },
  {
    title: 'a carried loss forgotten after one month',
    file: 'domain/commission/carry.ts',
    from: `loss(sums.basisMinor + left.ngr)`,
    to: `loss(sums.basisMinor)`,
    tests: ['test/domain/commission/carry.test.ts'],
    sees: 'a loss of revenue is carried until later months make up for it',
  },
  {
    title: 'later months not settled again when an earlier month changes',
    file: 'domain/settlement/linked-slots.ts',
    from: `return chain.slice(chain.indexOf(slot) + 1).filter(`,
    to: `return chain.slice(chain.length).filter(`,
    tests: [LINKED],
    sees: 'lowers the months after it until it is made up for',
  },
  {
    title: 'a parent’s part of the gross amount instead of the remaining amount',
    file: 'domain/settlement/slot-targets.ts',
    from: `rate * currentTarget(source).targetMinor`,
    to: `rate * source.money.grossMinor`,
    tests: [LINKED],
    sees: 'is of what the affiliate holds, and falls with it',
  },
  {
    title: 'the latest exchange rate instead of the rate of the day',
    file: 'domain/ledger/fx.ts',
    from: ` || rate.asOf > moment`,
    to: ``,
    tests: ['test/domain/ledger/fx.test.ts'],
    sees: 'is never a later one',
  },
  {
    title: 'a refund converted by the rate of its own day',
    file: 'domain/settlement/facts.ts',
    from: `rateAt(rates, event.currency ?? '', conversion.currency ?? '', conversion.occurredAt)`,
    to: `rateAt(rates, event.currency ?? '', conversion.currency ?? '', event.occurredAt)`,
    tests: ['test/domain/ledger/fx.test.ts'],
    sees: 'is measured against the sale at the rate of the sale',
  },
  {
    title: 'UTC months instead of the operator’s months',
    file: 'domain/settlement/rating.ts',
    from: `month: monthOf(event.occurredAt, operator.timezone)`,
    to: `month: monthOf(event.occurredAt, 'UTC')`,
    tests: ['test/domain/settlement/settlement.test.ts'],
    sees: 'calendar in Europe/Berlin',
  },
  {
    title: 'reported amounts that forget earlier reports',
    file: 'domain/settlement/reported-amounts.ts',
    from: `amountMinor: before.amountMinor + deltaMinor`,
    to: `amountMinor: deltaMinor`,
    tests: [ORDER],
    sees: 'is reported by deltas that add up',
  },
  {
    title: 'a change under a cap reported with the event that caused it',
    file: 'domain/settlement/batch-ledger.ts',
    from: `if (conversionId === null || conversionId === about)`,
    to: `if (conversionId !== undefined)`,
    tests: [ORDER],
    sees: 'no conversion is ever reported below zero',
  },
  {
    title: 'an emptied month forgets its carried loss',
    file: 'domain/settlement/linked-slots.ts',
    from: `month.sums.conversionsCount === 0`,
    to: `month.sums.factsCount === 0`,
    tests: ['test/domain/settlement/rerating.test.ts'],
    sees: 'makes no loss of another month forgotten',
  },
  {
    title: 'check-then-insert of a customer’s slot',
    file: 'store/ledger/slot-writing.ts',
    from: `if (rowCount !== slots.length) throw new ConflictError('a slot was made meanwhile');`,
    to: `void rowCount;`,
    tests: [RACES],
    sees: 'first deposits of one customer earn one CPA',
  },
  {
    title: 'slots read without their lock',
    file: 'store/settlement/slots.ts',
    from: `order by id for no key update`,
    to: `order by id`,
    tests: [RACES],
    sees: 'batches on one affiliate’s month add up to its sum',
  },
  {
    title: 'conversions and clawbacks settled concurrently',
    file: 'store/db/locks.ts',
    from: `const lock = side === 'conversions' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';`,
    to: `const lock = side === 'conversions' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock_shared';`,
    tests: [RACES],
    sees: 'always end reversed',
  },
  {
    title: 'linked slots of an affiliate settled concurrently',
    file: 'activities/settlement/lock-slots.ts',
    from: `await lockDeals(client, operator.id, linked);`,
    to: ``,
    tests: [STORED],
    sees: 'come at the same moment',
  },
  {
    title: 'monthly counts for tiers not loaded',
    file: 'store/ledger/slot-kinds.ts',
    from: `[...CARRYOVER_KINDS, 'month']`,
    to: `CARRYOVER_KINDS`,
    tests: [STORED],
    sees: 'at the step that its own month reached',
  },
  {
    title: 'parents’ parts not loaded with their source slots',
    file: 'store/settlement/slots.ts',
    from: `and part.source_id = own.id`,
    to: `and false`,
    tests: [STORED],
    sees: 'random histories',
  },
];
