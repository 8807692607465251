// Random agreements for histories: versions of one deal share their kinds of component, and differ
// in rates, steps and caps, or in nothing. What the rules leave open for differing parts (rounding,
// carry beside reset) stays alike.
import fc from 'fast-check';
import type { Component, Policy, Terms, Tiers } from './world.ts';

const cents = (from: number, to: number) =>
  fc
    .integer({ min: from, max: to })
    .map((value) => `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`);
const percent = fc.integer({ min: 1, max: 400 }).map((value) => `${Math.floor(value / 10)}.${value % 10}`);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** What all versions of a deal have in common. */
export interface Skeleton {
  readonly isCumulative: boolean;
  /** A second bounty, for the registration or else the first deposit, beside the other. */
  readonly hasSecondBounty: boolean;
  readonly bounty: 'flat' | 'marginal' | 'retroactive' | 'none';
  readonly share: 'flat' | 'marginal' | 'retroactive' | 'by_ftds' | 'none';
  readonly negative: 'reset' | 'carry';
  readonly carryBy: 'ngr' | 'commission';
  readonly lots: 'flat' | 'marginal' | 'retroactive' | 'by_symbol' | 'none';
  readonly hasPercent: boolean;
  readonly isCapped: boolean;
  readonly rounding: 'half_even' | 'half_up' | 'down';
  readonly payout: 'ignore' | 'accept';
  readonly policy: Policy;
  /** Of closed accounts. */
  readonly closure: Policy;
}

export const skeletons: fc.Arbitrary<Skeleton> = fc.record({
  isCumulative: fc.boolean(),
  hasSecondBounty: fc.boolean(),
  bounty: fc.constantFrom('flat', 'marginal', 'retroactive', 'none'),
  share: fc.constantFrom('flat', 'marginal', 'retroactive', 'by_ftds', 'none'),
  negative: fc.constantFrom('reset', 'carry'),
  carryBy: fc.constantFrom('ngr', 'commission'),
  lots: fc.constantFrom('flat', 'marginal', 'retroactive', 'by_symbol', 'none'),
  hasPercent: fc.boolean(),
  isCapped: fc.boolean(),
  rounding: fc.constantFrom('half_even', 'half_up', 'down'),
  payout: fc.constantFrom('ignore', 'accept'),
  policy: fc.constantFrom('full', 'proportional'),
  closure: fc.constantFrom('none', 'full', 'proportional'),
});

interface Numbers {
  readonly bounty: string;
  readonly minimum: string;
  readonly percents: readonly [string, string, string];
  readonly lot: readonly [string, string];
  readonly from: number;
  readonly cap: string;
  readonly count: number;
  readonly overrides: readonly string[];
  /** Whether shares, lots and percentages take more events and symbols than in other versions. */
  readonly isWider: boolean;
}

/** The rates of one version. */
export const numbers: fc.Arbitrary<Numbers> = fc.record({
  bounty: cents(1, 30_000),
  minimum: cents(0, 15_000),
  percents: fc.tuple(percent, percent, percent),
  lot: fc.tuple(
    fc.constantFrom('4.125', '0.000125', '7.00', '12.5'),
    fc.constantFrom('5.00', '0.0333', '1.75'),
  ),
  from: fc.integer({ min: 1, max: 3 }),
  cap: cents(1000, 200_000),
  count: fc.integer({ min: 1, max: 4 }),
  overrides: fc.array(percent, { maxLength: 2 }),
  isWider: fc.boolean(),
});

function bountyOf({ bounty, isCumulative, isCapped }: Skeleton, rates: Numbers): Component[] {
  if (bounty === 'none') return [];
  const price =
    bounty === 'flat'
      ? { amount: rates.bounty }
      : {
          tiers: {
            metric: 'ftd_count',
            mode: bounty,
            steps: [
              {
                from: '0',
                amount: rates.bounty,
              },
              {
                from: `${rates.from + 1}`,
                amount: rates.cap,
              },
            ],
          } satisfies Tiers,
        };
  const cap = isCapped ? { cap: { count: rates.count } } : {};
  return isCumulative
    ? [
        {
          kind: 'cpa',
          on: ['ftd', 'deposit'],
          qualify: 'cumulative',
          min_amount: rates.minimum,
          ...price,
          ...cap,
        },
      ]
    : [{ kind: 'cpa', on: 'ftd', min_amount: rates.minimum, ...price, ...cap }];
}

function shareOf(
  { share, negative, carryBy, isCapped }: Skeleton,
  { percents, from, cap, isWider }: Numbers,
): Component[] {
  if (share === 'none') return [];
  const [low, high] = percents;
  const isByFtds = share === 'by_ftds';
  const tiers: Tiers = {
    metric: isByFtds ? 'ftd_count' : 'revenue',
    mode: share === 'marginal' ? 'marginal' : 'retroactive',
    steps: [
      { from: '0', percent: low },
      { from: isByFtds ? `${from}` : `${from * 700}`, percent: high },
    ],
  };
  return [
    {
      kind: 'revshare',
      on: isWider ? ['revenue', 'sale'] : ['revenue'],
      negative,
      ...(negative === 'carry' ? { carry_by: carryBy } : {}),
      ...(share === 'flat' ? { percent: low } : { tiers }),
      ...(isCapped ? { cap: { amount: cap } } : {}),
    },
  ];
}

function lotsOf({ lots }: Skeleton, { lot, from, isWider }: Numbers): Component[] {
  const [low, high] = lot;
  if (lots === 'none') return [];
  if (lots === 'flat') return [{ kind: 'per_lot', on: ['trade'], amount: low }];
  if (lots === 'by_symbol') {
    return [
      { kind: 'per_lot', on: ['trade'], amount: high, symbols: isWider ? ['XAU*', 'EUR*'] : ['XAU*'] },
      { kind: 'per_lot', on: ['trade'], amount: low },
    ];
  }
  const steps = [
    { from: '0', amount: low },
    { from: `${from * 5}`, amount: high },
  ];
  return [{ kind: 'per_lot', on: ['trade'], tiers: { metric: 'volume', mode: lots, steps } }];
}

/** The terms of a version: a deal's skeleton with the version's rates. */
export function termsOf(skeleton: Skeleton, rates: Numbers): Terms {
  const { rounding, payout, policy, closure, hasPercent } = skeleton;
  const percents: Component[] = hasPercent
    ? [{ kind: 'percent', on: rates.isWider ? ['sale', 'kyc'] : ['sale'], percent: rates.percents[2] }]
    : [];
  const second: Component = { kind: 'cpa', on: ['registration', 'ftd'], amount: rates.minimum };
  const components = [
    ...bountyOf(skeleton, rates),
    ...(skeleton.hasSecondBounty ? [second] : []),
    ...shareOf(skeleton, rates),
    ...lotsOf(skeleton, rates),
    ...percents,
  ];
  const spare: Component = { kind: 'percent', on: ['challenge_purchase'], percent: rates.percents[2] };
  return {
    hold_days: 0,
    rounding,
    payout,
    components: [...components, spare],
    clawback: {
      days: 40,
      chargeback: policy,
      refund: 'proportional',
      bonus_abuse: 'proportional',
      fraud: 'full',
      account_closure: closure,
    },
    overrides: rates.overrides.map((each) => ({ percent: each })),
  };
}

/** A version of a deal in a random history: its rates, or none for the same terms again. */
export interface RandomVersion {
  readonly rates: Numbers | undefined;
  readonly daysAgo: number;
  readonly isForNewCustomers: boolean;
}

export const versions: fc.Arbitrary<readonly RandomVersion[]> = fc.uniqueArray(
  fc.record({
    rates: maybe(numbers),
    daysAgo: fc.integer({ min: 2, max: 85 }),
    isForNewCustomers: fc.boolean(),
  }),
  { maxLength: 3, selector: ({ daysAgo }) => daysAgo },
);
