// Stories of rule 5 about components whose events or symbols a version changes: who continues whom.
import { affiliate, click, deal, event, version, type ApiStep } from '../steps.ts';
import { CPA, type Story } from './story.ts';

type Fields = Readonly<Record<string, unknown>>;
const MIDDLE = '@month-1.15T00:00';
const day = (date: string) => `@month-1.${date}T12:00`;
const share = (on: readonly string[], fields: Fields = {}) => ({
  kind: 'revshare',
  on,
  percent: '25',
  cap: { amount: '1000.00' },
  ...fields,
});

const storyOf = (name: string, sum: string, steps: readonly ApiStep[]): Story => ({
  rule: 5,
  name,
  steps,
  balances: { A: sum },
});

/** A deal whose second version begins in mid-month, a click of A, and events. */
const versions = (
  first: readonly Fields[],
  second: readonly Fields[],
  events: readonly ApiStep[],
  clickedAt = '@month-1.01T12:00',
) => [
  affiliate('A'),
  click('C', 'A', clickedAt),
  deal({ hold_days: 0, components: first }),
  version({ hold_days: 0, components: second }, MIDDLE),
  ...events,
];

/** An event before the second version, and one of perhaps another type after it. */
const twoOf = (before: string, after: string, value: Fields) => [
  event(before, 'before', { of: 'u', by: 'C', at: day('10'), more: value }),
  event(after, 'after', { of: 'u', at: day('20'), more: value }),
];
const MONEY = { amount: '8000.00', currency: 'USD' };

const lots = (symbols: readonly string[]) => ({
  kind: 'per_lot',
  on: ['trade'],
  symbols,
  tiers: {
    metric: 'volume',
    mode: 'retroactive',
    steps: [
      { from: '0', amount: '40.00' },
      { from: '10', amount: '60.00' },
    ],
  },
});
const carry = (on: readonly string[]) => ({ kind: 'revshare', on, percent: '25', negative: 'carry' });

export const LINES: readonly Story[] = [
  // 25 % of 16,000.00 is 4,000.00, the cap 1,000.00.
  storyOf(
    'A monthly cap runs on where a version adds events to its component',
    '1000.00',
    versions([share(['revenue'])], [share(['revenue', 'deposit'])], twoOf('revenue', 'deposit', MONEY)),
  ),
  storyOf(
    'A monthly cap runs on where a version takes events away from its component',
    '1000.00',
    versions([share(['revenue', 'sale'])], [share(['sale'])], twoOf('revenue', 'sale', MONEY)),
  ),
  // 60.00 for each of 18 lots.
  storyOf(
    'Steps run on where a version adds symbols to its component',
    '1080.00',
    versions(
      [lots(['XAU*'])],
      [lots(['XAU*', 'XAG*'])],
      twoOf('trade', 'trade', { volume: '9', symbol: 'XAUUSD' }),
    ),
  ),
  // 25 % of (−4,000.00 + 8,000.00).
  storyOf(
    'A loss is carried on to a component with more events',
    '1000.00',
    versions(
      [carry(['revenue'])],
      [carry(['revenue', 'deposit'])],
      [
        event('revenue', 'loss', { of: 'u', by: 'C', at: '@month-2.10T12:00', amount: '-4000.00' }),
        event('deposit', 'gain', { of: 'u', at: day('20'), amount: '8000.00' }),
      ],
      '@month-2.05T12:00',
    ),
  ),
  // Two of three customers.
  storyOf(
    'A cap of bounties runs on where a version adds events to its component',
    '400.00',
    versions(
      [{ ...CPA, cap: { count: 2 } }],
      [{ ...CPA, on: ['ftd', 'sale'], cap: { count: 2 } }],
      [
        event('ftd', 'f1', { of: 'u1', by: 'C', at: day('10'), amount: '50.00' }),
        event('ftd', 'f2', { of: 'u2', by: 'C', at: day('20'), amount: '50.00' }),
        event('sale', 's3', { of: 'u3', by: 'C', at: day('21'), amount: '50.00' }),
      ],
    ),
  ),
  // 10 % of 16,000.00 is 1,600.00, the cap 1,000.00.
  storyOf(
    'A cap of percentages runs on where a version adds events to its component',
    '1000.00',
    versions(
      [{ kind: 'percent', on: ['sale'], percent: '10', cap: { amount: '1000.00' } }],
      [{ kind: 'percent', on: ['sale', 'deposit'], percent: '10', cap: { amount: '1000.00' } }],
      twoOf('sale', 'deposit', MONEY),
    ),
  ),
  // 1,000.00 for the revenue and 1,000.00 for the deposit.
  storyOf(
    'A component that shares no event with the one before it is another, with a cap of its own',
    '2000.00',
    versions([share(['revenue'])], [share(['deposit'])], twoOf('revenue', 'deposit', MONEY)),
  ),
  // The capped 1,000.00 of the first version, which takes no more of the second version's share of
  // revenue alone; its wider share is new and pays 1,000.00.
  storyOf(
    'A component with the same events goes on before one with more of them',
    '2000.00',
    versions(
      [share(['revenue'])],
      [share(['revenue', 'deposit']), share(['revenue'], { percent: '10' })],
      twoOf('revenue', 'revenue', MONEY),
    ),
  ),
  // Each takes the line of the component with its label, wherever it stands: 1,000.00 for sales,
  // and 1,000.00 for revenue.
  storyOf(
    'Components that change places keep their caps',
    '2000.00',
    versions(
      [share(['revenue']), share(['sale'])],
      [share(['sale']), share(['revenue'])],
      [
        event('revenue', 'r1', { of: 'u', by: 'C', at: day('10'), amount: '8000.00' }),
        event('sale', 's1', { of: 'u', at: day('11'), amount: '8000.00' }),
        event('revenue', 'r2', { of: 'u', at: day('20'), amount: '8000.00' }),
        event('sale', 's2', { of: 'u', at: day('21'), amount: '8000.00' }),
      ],
    ),
  ),
];
