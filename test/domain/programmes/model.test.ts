// The independent model of the money rules: stories with sums by hand, and properties of random
// histories.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { startOf, timeOf } from '../../support/money-model/agreements.ts';
import { disagreements } from '../../support/money-model/compare.ts';
import { expected, expectedWithReasons } from '../../support/money-model/expected.ts';
import { arrange, histories, type History } from '../../support/money-model/random-history.ts';
import { decide } from '../../support/money-model/steps.ts';
import { STORIES } from '../../support/money-model/stories.ts';
import { RULES } from '../../support/money-model/stories/story.ts';
import { worldFrom } from '../../support/money-model/world-from-steps.ts';
import type { Deal, Expected, World } from '../../support/money-model/world.ts';

// In winter: stories that name months before it cross the end of summer time.
const NOW = Date.parse('2026-11-29T12:00:00Z');
const RUNS = { numRuns: Number(process.env['MODEL_RUNS'] ?? 150) };
const seeds = fc.integer();

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

/** Everything that a person could see of a model's answer, in an order of its own. */
function seen({ totals, events, commissions }: Expected) {
  return {
    totals: [...totals]
      .map(([affiliate, sums]) => [affiliate, [...sums].toSorted(byText)] as const)
      .toSorted(byText),
    events: [...events].map(([event, { status, affiliate }]) => [event, status, affiliate]).toSorted(byText),
    commissions: commissions
      .map((each) => JSON.stringify({ ...each, amount: `${each.amount}` }))
      .toSorted(byText),
  };
}

const worldOf = (history: History, seed: number): World => worldFrom(arrange(history, seed), NOW);

describe('the independent model tells each story as its rule does', () => {
  for (const story of STORIES) {
    it(`${RULES[story.rule]}: ${story.name}`, () => {
      const world = worldFrom(story.steps, NOW);
      assert.deepEqual(disagreements(story, world, expectedWithReasons(world)), []);
    });
  }
});

/** The deal with a version cut in two at a moment: its second half says the same terms again. */
function cut(deal: Deal, index: number, at: string): Deal | undefined {
  const version = deal.versions[index]!;
  const isBetween = deal.versions.every(
    (other) => startOf(other) <= startOf(version) || startOf(other) > timeOf(at),
  );
  if (startOf(version) >= timeOf(at) || !isBetween || version.applies_to === 'new_customers')
    return undefined;
  return { ...deal, versions: [...deal.versions, { terms: version.terms, effective_from: at }] };
}

describe('the independent model, over random histories', () => {
  it('does not depend on the order of arrival', () => {
    const property = fc.property(histories(NOW), seeds, seeds, (history, first, second) => {
      assert.deepEqual(seen(expected(worldOf(history, first))), seen(expected(worldOf(history, second))));
    });
    fc.assert(property, RUNS);
  });

  it('does not change when a version is cut into two equal ones at any moment', () => {
    const moments = fc.integer({ min: 1, max: 95 * 24 * 60 });
    const property = fc.property(histories(NOW), fc.nat(), moments, (history, place, minutesAgo) => {
      const world = worldOf(history, 1);
      const at = new Date(NOW - minutesAgo * 60_000).toISOString();
      const cuts = world.deals.flatMap((deal) =>
        deal.versions
          .map((_, index) => ({ deal, after: cut(deal, index, at) }))
          .filter(({ after }) => after !== undefined),
      );
      fc.pre(cuts.length > 0);
      const { deal, after } = cuts[place % cuts.length]!;
      const deals = world.deals.map((each) => (each === deal ? after! : each));
      assert.deepEqual(seen(expected({ ...world, deals })), seen(expected(world)));
    });
    fc.assert(property, RUNS);
  });

  it('does not change when an event is voided and put back', () => {
    const property = fc.property(histories(NOW), fc.nat(), (history, place) => {
      const steps = arrange(history, 1);
      const before = worldFrom(steps, NOW);
      const { id, voided } = before.events[place % before.events.length]!;
      const wayBack = voided ? (['unvoid', 'void'] as const) : (['void', 'unvoid'] as const);
      const after = worldFrom([...steps, ...wayBack.map((what) => decide(what, id))], NOW);
      assert.deepEqual(seen(expected(after)), seen(expected(before)));
    });
    fc.assert(property, RUNS);
  });

  it('pays the same for an event that is voided as for one that was never sent', () => {
    const property = fc.property(histories(NOW), (history) => {
      const world = worldOf(history, 1);
      const without = { ...world, events: world.events.filter(({ voided }) => !voided) };
      const [voided, never] = [seen(expected(world)), seen(expected(without))];
      assert.deepEqual([voided.totals, voided.commissions], [never.totals, never.commissions]);
    });
    fc.assert(property, RUNS);
  });

  it('gives no affiliate less than nothing', () => {
    const property = fc.property(histories(NOW), (history) => {
      const { totals } = expected(worldOf(history, 1));
      for (const [affiliate, sums] of totals) {
        for (const [currency, sum] of sums) assert.ok(sum >= 0n, `${affiliate} has ${sum} ${currency}`);
      }
    });
    fc.assert(property, RUNS);
  });
});
