// Property: cutting a deal version into two equal ones changes nothing, at any moment, in any
// history, whenever the second one is agreed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { postedOf } from '../../../domain/ledger/transfers.ts';
import type { DealVersion } from '../../../domain/types.ts';
import { DAY_MS } from '../../support/builders.ts';
import type { ModelVersion } from '../../support/commission-model.ts';
import { createMemorySettling, type MemorySettling } from '../../support/memory-store.ts';
import {
  AFFILIATE_BY_CUSTOMER,
  deal,
  history,
  intakeBatchesOf,
  PARENTS,
  START,
  STORED_RATES,
  versionsOf,
} from '../../support/stories.ts';

/** More runs when asked for by hand: `RUNS=50000 npm test -- <this file>`. */
const RUNS = Number(process.env.RUNS ?? 1200);

/** Events occur at the start of days, so that a millisecond behind is between all events. */
const moment = fc.nat({ max: 75 }).map((day) => START + day * DAY_MS + 1);

const story = fc.record({ versions: deal, events: history, moment }).chain((one) =>
  fc.record({
    versions: fc.constant(one.versions),
    moment: fc.constant(one.moment),
    batches: intakeBatchesOf(one.events),
    agreedAfter: fc.nat(),
  }),
);

const settling = (versions: readonly DealVersion[]): MemorySettling =>
  createMemorySettling(versions, {
    affiliateByCustomer: AFFILIATE_BY_CUSTOMER,
    parents: PARENTS,
    rates: STORED_RATES,
  });

/** A further version of the deal, with the terms of the one in force at a moment. */
function cutAt(versions: readonly ModelVersion[], from: number): ModelVersion {
  const { terms } = versions.filter((one) => one.from <= from).reduce((a, b) => (b.from > a.from ? b : a));
  return { version: versions.length + 1, from, terms };
}

/** Booked amounts by affiliate, and reported amounts by conversion and affiliate. */
function totalsOf({ slots, reported }: MemorySettling) {
  const booked = new Map<string, bigint>();
  for (const { affiliateId, money } of slots.values())
    booked.set(affiliateId, (booked.get(affiliateId) ?? 0n) + postedOf(money));
  const told = Array.from(reported, ([key, { amountMinor }]) => [key, amountMinor] as const);
  const sorted = (amounts: Iterable<readonly [string, bigint]>) =>
    [...amounts].filter(([, minor]) => minor !== 0n).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { booked: sorted(booked), told: sorted(told) };
}

describe('cutting a deal version into two equal ones', () => {
  test('before its events changes no balance and no reported amount', () => {
    fc.assert(
      fc.property(story, ({ versions, moment: at, batches }) => {
        const [whole, cut] = [versions, [...versions, cutAt(versions, at)]].map((all) => {
          const one = settling(versionsOf(all));
          for (const batch of batches) one.settle(batch);
          return totalsOf(one);
        });
        assert.deepEqual(cut, whole);
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  });

  test('between its events or after them changes no balance and no reported amount', () => {
    fc.assert(
      fc.property(story, ({ versions, moment: at, batches, agreedAfter }) => {
        const [whole, cut] = [settling(versionsOf(versions)), settling(versionsOf(versions))];
        const [later] = versionsOf([cutAt(versions, at)]);
        batches.forEach((batch, index) => {
          whole.settle(batch);
          cut.settle(batch);
          if (index === agreedAfter % batches.length) cut.addVersion(later!);
        });
        assert.deepEqual(totalsOf(cut), totalsOf(whole));
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  });
});
