// Property: a history gives the same ledger in any order, in any batches and however often its
// events are sent.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashOf, type Slot } from '../../../domain/settlement/slot.ts';
import { postedOf } from '../../../domain/ledger/transfers.ts';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { expectedEarnings, type Earning, type ModelVersion } from '../../support/commission-model.ts';
import { createMemorySettling, type MemorySettling } from '../../support/memory-store.ts';
import {
  AFFILIATE_BY_CUSTOMER,
  deal,
  intakeBatchesOf,
  history,
  PARENTS,
  PLAIN,
  STORED_RATES,
  versionsOf,
  worldOf,
} from '../../support/stories.ts';

type Story = { versions: readonly ModelVersion[]; events: ConversionEvent[]; batches: ConversionEvent[][] };

const storyOf = (versions: fc.Arbitrary<readonly ModelVersion[]>): fc.Arbitrary<Story> =>
  fc
    .record({ versions, events: history })
    .chain(({ versions: of, events }) =>
      fc.record({ versions: fc.constant(of), events: fc.constant(events), batches: intakeBatchesOf(events) }),
    );

function settled(versions: readonly ModelVersion[], batches: readonly ConversionEvent[][]): MemorySettling {
  const settling = createMemorySettling(versionsOf(versions), {
    affiliateByCustomer: AFFILIATE_BY_CUSTOMER,
    parents: PARENTS,
    rates: STORED_RATES,
  });
  for (const batch of batches) settling.settle(batch);
  return settling;
}

const inOneBatch = ({ versions, events }: Story): MemorySettling => settled(versions, [events]);

/** Identity of a slot, in the terms of the model. */
function wordsFor({ name, affiliateId, version, override, groups }: Slot, slots: readonly Slot[]): string {
  if (override)
    return `part ${override.level} of ${wordsFor(
      slots.find(({ id }) => id === override.sourceId)!,
      slots,
    )}`;
  const [conversionId] = groups.keys();
  switch (name.kind) {
    case 'cpa':
      return `cpa ${name.component} ${name.key.split(' ').at(-1)}`;
    case 'percent':
      return `percent ${name.component} ${conversionId}`;
    case 'payout':
      return `payout ${conversionId}`;
    default:
      return `${name.kind} ${name.component} ${affiliateId} ${name.period} v${version.version}`;
  }
}

/** Booked amounts, in the terms of the model. */
function earningsOf(settling: MemorySettling): Earning[] {
  const slots = [...settling.slots.values()];
  const earnings = slots.map((slot) => ({
    name: wordsFor(slot, slots),
    affiliateId: slot.affiliateId,
    minor: postedOf(slot.money),
  }));
  return earnings.filter(({ minor }) => minor !== 0n);
}

const byName = (earnings: readonly Earning[]): Earning[] =>
  earnings.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Sums by key, without the empty ones. */
function sumsOf(amounts: Iterable<readonly [string, bigint]>): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const [key, minor] of amounts) sums.set(key, (sums.get(key) ?? 0n) + minor);
  return new Map([...sums].filter(([, minor]) => minor !== 0n));
}

/**
 * For more runs: `RUNS=50000 npm test --
 * test/domain/settlement/settlement-order.test.ts`.
 */
const RUNS = Number(process.env.RUNS ?? 600);

for (const [world, versions] of [
  ['that move nothing but themselves', fc.constant(PLAIN)],
  ['with caps, tiers, carried months, parents, computed payouts and exchanged amounts', deal],
] as const) {
  const story = storyOf(versions);
  /**
   * Runs a check over many stories; on failure fast-check prints the seed and path that repeat it.
   */
  const always = (check: (settling: MemorySettling, story: Story) => void): void => {
    fc.assert(
      fc.property(story, (one) => check(settled(one.versions, one.batches), one)),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  };

  describe(`terms ${world}: a history settled in any order, in any batches, some events twice,`, () => {
    test('a history in any order earns what the model says', () => {
      always((settling, { versions: of, events }) => {
        assert.deepEqual(byName(earningsOf(settling)), byName(expectedEarnings(events, worldOf(of))));
      });
    });

    test('a history in any order leaves the same slots, sums, deal versions and settled events as in one batch', () => {
      const stateOf = (settling: MemorySettling) => {
        const { slots, outcomes } = settling;
        const all = Array.from(slots.values(), ({ name, sums, version, holdUntil, affiliateId, money }) => {
          const booked = postedOf(money);
          // Where nothing is earned it does not matter which month would rank it.
          const period = booked === 0n ? null : name.period;
          // How often a conversion was stated anew depends on the order; what it is worth does not.
          const { basisMinor, volumeE4, ftdCount, conversionsCount } = sums;
          const isEmpty = sums.factsCount === 0;
          return {
            key: name.key,
            period,
            sums: { basisMinor, volumeE4, ftdCount, conversionsCount },
            isEmpty,
            version: name.kind === 'month' ? null : version.version,
            holdUntil,
            affiliateId,
            booked,
          };
        });
        const statuses = Array.from(outcomes, ([id, { status }]) => `${id} ${status}`);
        // A month that only an event set aside would have counted in may be there, empty.
        return {
          slots: all
            .filter(({ isEmpty, booked }) => !isEmpty || booked !== 0n)
            .sort((a, b) => (a.key < b.key ? -1 : 1)),
          statuses: statuses.sort(),
        };
      };
      always((settling, events) => {
        assert.deepEqual(stateOf(settling), stateOf(inOneBatch(events)));
        for (const { sums, name } of settling.slots.values()) {
          const facts = settling.facts.get(name.key) ?? [];
          assert.equal(facts.length, sums.factsCount, name.key);
          assert.equal(
            facts.map(hashOf).reduce((a, b) => a ^ b, 0n),
            sums.factsHash,
            name.key,
          );
        }
      });
    });

    test('a history in any order is reported by deltas that add up to every affiliate’s balance, each conversion before its reversals', () => {
      always((settling) => {
        const byConversion = new Map<string, bigint>();
        for (const { type, affiliateId, via, conversion, deltaMinor, reportedMinor } of settling.messages) {
          const key = `${conversion.id} ${affiliateId}`;
          if (via === null)
            assert.equal(
              type === 'conversion.created',
              !byConversion.has(key),
              'a conversion is created once, and first',
            );
          byConversion.set(key, (byConversion.get(key) ?? 0n) + deltaMinor);
          assert.equal(byConversion.get(key), reportedMinor);
        }
        const reported = settling.messages.map(
          ({ affiliateId, deltaMinor }) => [affiliateId, deltaMinor] as const,
        );
        const booked = Array.from(
          settling.slots.values(),
          ({ affiliateId, money }) => [affiliateId, postedOf(money)] as const,
        );
        assert.deepEqual(sumsOf(reported), sumsOf(booked));
        assert.deepEqual(
          sumsOf(Array.from(settling.reported, ([key, sum]) => [key, sum.amountMinor] as const)),
          sumsOf(byConversion),
        );
      });
    });

    test('a history in any order is posted by transfers that explain every slot, are numbered without a gap and never reverse more than was earned', () => {
      always((settling) => {
        for (const { id, money, transfersCount } of settling.slots.values()) {
          const postings = settling.postings.filter(({ slot }) => slot.id === id);
          assert.deepEqual(
            postings.map(({ seq }) => seq),
            Array.from({ length: transfersCount }, (_, index) => index + 1),
          );
          let booked = 0n;
          for (const { debit, amountMinor } of postings) {
            assert.ok(amountMinor > 0n);
            booked += debit === 'expense' ? amountMinor : -amountMinor;
            assert.ok(booked >= 0n);
          }
          assert.equal(booked, postedOf(money));
        }
      });
    });

    test('a history in any order changes nothing when all of its events are settled again', () => {
      always((settling, { batches, events }) => {
        const before = [settling.postings.length, settling.messages.length, earningsOf(settling)];
        for (const batch of [...batches, events]) settling.settle(batch);
        assert.deepEqual([settling.postings.length, settling.messages.length, earningsOf(settling)], before);
      });
    });
  });
}

test('no conversion is ever reported below zero where deals have no monthly components and no tiers', () => {
  const isSingle = ({ kind, tiers }: WireComponent): boolean =>
    (kind === 'cpa' && !tiers) || kind === 'percent';
  const ofSingles = deal
    .map((versions) =>
      versions.map((one) => ({
        ...one,
        terms: { ...one.terms, components: one.terms.components.filter(isSingle) },
      })),
    )
    .filter((versions) => versions.every(({ terms }) => terms.components.length > 0));
  fc.assert(
    fc.property(storyOf(ofSingles), ({ versions, batches }) => {
      for (const { type, reportedMinor, conversion } of settled(versions, batches).messages)
        assert.ok(reportedMinor >= 0n, `${type} of ${conversion.id}: ${reportedMinor}`);
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test('a reversal takes an amount back where only the conversion itself changes', () => {
  fc.assert(
    fc.property(storyOf(fc.constant(PLAIN)), ({ versions, batches }) => {
      for (const { type, deltaMinor, conversion } of settled(versions, batches).messages) {
        // A win of a player lowers a month; its reversal raises the month again.
        assert.ok(type !== 'conversion.reversed' || deltaMinor <= 0n || conversion.amountMinor! < 0n);
      }
    }),
    { numRuns: RUNS },
  );
});
