// Random histories of up to 300 events in which no result depends on the order of arrival.
// `arrange` brings a history's calls into any order that makes sense.
/* oxlint-disable unicorn/no-useless-spread -- groups fields and steps that belong together on a line */
import fc from 'fast-check';
import { affiliate, change, deal, newOperator, operator, rate, version, type ApiStep } from './steps.ts';
import { AFFILIATES, HistoryBuilder, HOUR, type Item } from './history-builder.ts';
import { customers, events, reversals } from './random-people.ts';
import { settingItems, settings, ZONES } from './random-settings.ts';
import { numbers, skeletons, termsOf, versions, type RandomVersion, type Skeleton } from './random-terms.ts';
import { generator } from '../generator.ts';
import type { Terms } from './world.ts';

export type { Item } from './history-builder.ts';

export interface History {
  /** What comes first, in this order: operator, affiliates, deals, rates. */
  readonly setup: readonly ApiStep[];
  readonly items: readonly Item[];
}

/**
 * Versions of a deal in order of their start; a version without rates says the former terms again.
 */
function versionSteps(
  of: string,
  skeleton: Skeleton,
  first: Terms,
  later: readonly RandomVersion[],
  now: number,
): Item[] {
  let terms = first;
  return [...later]
    .sort((a, b) => b.daysAgo - a.daysAgo)
    .map(({ rates, daysAgo, isForNewCustomers }, index) => {
      if (rates !== undefined) terms = termsOf(skeleton, rates);
      const from = new Date(now - daysAgo * 24 * HOUR).toISOString();
      const fields = isForNewCustomers && rates !== undefined ? { applies_to: 'new_customers' } : {};
      return { name: `${of}-v${index}`, needs: [], step: version(terms as never, from, fields, of) };
    });
}

const randoms = (count: number) =>
  fc.record({
    zone: fc.constantFrom(...ZONES),
    settings,
    /** Days that a click counts for. */
    clickWindow: fc.constantFrom(365, 365, 365, 45, 10, 2),
    existing: fc.constantFrom('bind', 'bind', 'bind', 'ignore'),
    skeleton: skeletons,
    first: numbers,
    later: versions,
    own: fc.option(
      fc.record({ skeleton: skeletons, first: numbers, daysAgo: fc.integer({ min: 5, max: 80 }) }),
      { nil: undefined },
    ),
    people: fc.array(customers, { minLength: 2, maxLength: 12, size: 'max' }),
    events: fc.array(events, { minLength: 3, maxLength: count, size: 'max' }),
    reversals: fc.array(reversals, { maxLength: Math.ceil(count / 4), size: 'max' }),
    parents: fc.array(
      fc.record({
        of: fc.integer({ min: 1, max: 3 }),
        daysAgo: fc.integer({ min: 1, max: 80 }),
        gone: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    corrected: fc.boolean(),
    pays: fc.boolean(),
  });

type Random = ReturnType<typeof randoms> extends fc.Arbitrary<infer T> ? T : never;

/** Random histories of so many events that end at `now`. */
export function histories(now: number, options: { events?: number } = {}): fc.Arbitrary<History> {
  return randoms(options.events ?? 60).map((random) => historyFrom(random, now));
}

function historyFrom(random: Random, now: number): History {
  const policy = [random.skeleton.policy, random.own?.skeleton.policy].includes('full')
    ? 'full'
    : 'proportional';
  // No rule says since when a customer who was moved counts as bound, so cohorts have no moves.
  const hasCohorts = random.later.some(({ isForNewCustomers }) => isForNewCustomers);
  const people = random.people.map((each) => (hasCohorts ? { ...each, movesTo: undefined } : each));
  const builder = new HistoryBuilder({ now, people, policy });
  for (const index of people.keys()) builder.customer(index);
  for (const [index, each] of random.events.entries()) builder.event(each, index);
  builder.assignments();
  for (const [index, each] of random.reversals.entries()) builder.reversal(each, index);
  const first = termsOf(random.skeleton, random.first);
  const items = [...builder.items, ...versionSteps('Z', random.skeleton, first, random.later, now)];
  items.push(...parentSteps(random.parents, now));
  const asOf = new Date(now - 45 * 24 * HOUR).toISOString();
  if (random.corrected) items.push({ name: 'rate', needs: [], step: rate('EUR', 'USD', '1.0825', asOf) });
  const body = { affiliate_id: '$A', currency: 'USD' };
  if (random.pays)
    items.push({ name: 'pay', needs: [], step: { method: 'POST', path: '/v1/payouts', body } });
  const needsOpen = (name: string) =>
    items.filter(({ step }) => step.body['affiliate_id'] === `$${name}`).map((item) => item.name);
  const named = { customers: people.length, hasOwnDeal: random.own !== undefined, needsOpen };
  items.push(...settingItems(random.settings, now, named));
  return { setup: setupOf(random, first, now), items };
}

function parentSteps(
  parents: readonly { of: number; daysAgo: number; gone: boolean }[],
  now: number,
): Item[] {
  const seen = new Set<string>();
  return parents.flatMap(({ of, daysAgo, gone }, index) => {
    const name = AFFILIATES[of]!;
    if (seen.has(name)) return [];
    seen.add(name);
    const since = new Date(now - daysAgo * 24 * HOUR).toISOString();
    const step = change(name, { parent_id: gone ? null : '$A', parent_since: since });
    return [{ name: `parent${index}`, needs: [], step }];
  });
}

function setupOf(random: Random, first: Terms, now: number): ApiStep[] {
  const rates = [120, 90, 70, 45, 20].map((days, index) =>
    rate('EUR', 'USD', `1.${10 + index}`, new Date(now - days * 24 * HOUR).toISOString()),
  );
  const own = random.own;
  return [
    ...[
      newOperator({ currency: 'USD', timezone: random.zone }),
      operator({ click_window_days: random.clickWindow, existing_customers: random.existing }),
    ],
    ...[
      affiliate('A'),
      affiliate('B', { parent_id: '$A' }),
      affiliate('C', { parent_id: '$B' }),
      affiliate('D'),
    ],
    ...[
      deal(first as never, { effective_from: new Date(now - 200 * 24 * HOUR).toISOString() }, 'Z'),
      ...rates,
    ],
    ...(own === undefined
      ? []
      : [
          deal(
            termsOf(own.skeleton, own.first) as never,
            { affiliate_id: '$D', effective_from: new Date(now - own.daysAgo * 24 * HOUR).toISOString() },
            'OWN',
          ),
        ]),
  ];
}

/** The history's calls in an order that the seed decides: whatever a call needs comes before it. */
export function arrange({ setup, items }: History, seed: number): ApiStep[] {
  const next = generator(seed);
  const waiting = items.map((item) => ({ item, place: next() })).sort((a, b) => a.place - b.place);
  const done = new Set<string>();
  const ordered: ApiStep[] = [];
  while (waiting.length > 0) {
    const index = waiting.findIndex(({ item }) => item.needs.every((name) => done.has(name)));
    const [{ item }] = waiting.splice(index, 1) as [{ item: Item; place: number }];
    done.add(item.name);
    ordered.push(item.step);
  }
  return [...setup, ...ordered];
}
