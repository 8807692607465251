// Stories of rules 4 and 5: one bounty per customer, and versions that continue a month.
/* oxlint-disable unicorn/no-useless-spread -- groups fields and steps that belong together on a line */
import { affiliate, against, click, deal, event, version } from '../steps.ts';
import { CPA, terms, type Story } from './story.ts';

const A = affiliate('A');
const CLICK = click('C', 'A', '@month-1.01T12:00');
const MIDDLE = '@month-1.15T00:00';
const day = (date: string) => `@month-1.${date}T12:00`;

type Fields = Readonly<Record<string, unknown>>;
const share = (fields: Fields) => ({
  kind: 'revshare',
  on: ['revenue'],
  ...('tiers' in fields ? {} : { percent: '25' }),
  ...fields,
});
const steps = (mode: string, ...each: Fields[]) => ({ tiers: { metric: 'revenue', mode, steps: each } });
const stepped = (mode: string) =>
  share({ ...steps(mode, { from: '0', percent: '20' }, { from: '10000', percent: '40' }) });

/** Two sums of revenue in one month, with another version in its middle. */
const twoParts = (first: Fields, second: Fields, before: string, after: string, more: Fields = {}) => [
  ...[A, CLICK, deal(terms(first)), version(terms(second, more), MIDDLE)],
  event('revenue', 'r1', { of: 'u', by: 'C', at: day('10'), amount: before }),
  event('revenue', 'r2', { of: 'u', at: day('20'), amount: after }),
];

interface Parts {
  readonly name: string;
  readonly sum: string;
  readonly steps: Story['steps'];
}

const CAPPED = share({ cap: { amount: '1000.00' } });
const ofMonth: readonly Parts[] = [
  // 25 % of 16,000.00 is 4,000.00, the cap 1,000.00.
  {
    name: 'A monthly cap runs on over the same terms again',
    sum: '1000.00',
    steps: twoParts(CAPPED, CAPPED, '8000.00', '8000.00'),
  },
  // 25 % of 6,000.00.
  {
    name: 'A loss of the month runs on over the same terms again',
    sum: '1500.00',
    steps: twoParts(share({}), share({}), '-4000.00', '10000.00'),
  },
  // 40 % of 18,000.00.
  {
    name: 'Retroactive steps run on over the same terms again',
    sum: '7200.00',
    steps: twoParts(stepped('retroactive'), stepped('retroactive'), '9000.00', '9000.00'),
  },
  // 20 % of 10,000.00 and 40 % of 8,000.00.
  {
    name: 'Marginal steps run on over the same terms again',
    sum: '5200.00',
    steps: twoParts(stepped('marginal'), stepped('marginal'), '9000.00', '9000.00'),
  },
  // 20 % of 1,000.00 and 30 % of 1,000.00.
  {
    name: 'Each event is priced by the version of its time',
    sum: '500.00',
    steps: twoParts(share({ percent: '20' }), share({ percent: '30' }), '1000.00', '1000.00'),
  },
  // 2,000.00 is capped at 1,000.00; 1,000.00 more meets a cap of 500.00, which takes nothing away.
  {
    name: 'A lower cap of a later version takes nothing back',
    sum: '1000.00',
    steps: twoParts(CAPPED, share({ cap: { amount: '500.00' } }), '8000.00', '4000.00'),
  },
  // 1,000.00 of the first part, and of the next 1,000.00 what the cap of 1,500.00 has room for.
  {
    name: 'A higher cap of a later version makes room for its own events',
    sum: '1500.00',
    steps: twoParts(CAPPED, share({ cap: { amount: '1500.00' } }), '8000.00', '4000.00'),
  },
  // 25 % of 4,000.00 less 30 % of 2,000.00.
  {
    name: 'A loss under a later version lowers what the earlier one earned',
    sum: '400.00',
    steps: twoParts(share({}), share({ percent: '30' }), '4000.00', '-2000.00'),
  },
  // −25 % of 4,000.00 and 30 % of 10,000.00: −1,000.00 + 3,000.00.
  {
    name: 'A loss under an earlier version lowers what a later one earns',
    sum: '2000.00',
    steps: twoParts(share({}), share({ percent: '30' }), '-4000.00', '10000.00'),
  },
  // Retroactive at 18,000.00: 40 % of 9,000.00, and by the second version 50 % of 9,000.00.
  {
    name: 'A version prices its own events by the step that the whole month reached',
    sum: '8100.00',
    steps: twoParts(
      stepped('retroactive'),
      share({ ...steps('retroactive', { from: '0', percent: '30' }, { from: '10000', percent: '50' }) }),
      ...(['9000.00', '9000.00'] as const),
    ),
  },
  // 20 % of 9,000.00; of the stretch from 9,000 to 18,000 by other steps: 30 % of 1,000.00 and 50 %
  // of 8,000.00.
  {
    name: 'Marginal steps of a version go on where the month stood',
    sum: '6100.00',
    steps: twoParts(
      stepped('marginal'),
      share({ ...steps('marginal', { from: '0', percent: '30' }, { from: '10000', percent: '50' }) }),
      ...(['9000.00', '9000.00'] as const),
    ),
  },
  // The cap is the month's, whatever the hold.
  {
    name: 'A version that changes the hold alone continues the month',
    sum: '1000.00',
    steps: twoParts(CAPPED, CAPPED, '8000.00', '8000.00', { hold_days: 7 }),
  },
];

const lots = (mode: string) => ({
  kind: 'per_lot',
  on: ['trade'],
  tiers: {
    metric: 'volume',
    mode,
    steps: [
      {
        from: '0',
        amount: '40.00',
      },
      {
        from: '10',
        amount: '60.00',
      },
    ],
  },
});
const lotStory = (mode: string): Story['steps'] => [
  ...[A, CLICK, deal(terms(lots(mode))), version(terms(lots(mode)), MIDDLE)],
  event('trade', 't1', { of: 'u', by: 'C', at: day('10'), more: { volume: '9' } }),
  event('trade', 't2', { of: 'u', at: day('20'), more: { volume: '9' } }),
];

const carry = (by: string, percent: string) => share({ percent, negative: 'carry', carry_by: by });
const carried = (by: string): Story['steps'] => [
  ...[
    A,
    click('C', 'A', '@month-2.05T12:00'),
    deal(terms(carry(by, '30'))),
    version(terms(carry(by, '40')), '@month-1.01T00:00'),
  ],
  event('revenue', 'r1', { of: 'u', by: 'C', at: '@month-2.10T12:00', amount: '-10000.00' }),
  event('revenue', 'r2', { of: 'u', at: day('10'), amount: '15000.00' }),
];

/** First deposits of three customers, the first before a version in mid-month. */
const threeCustomers = (component: Fields): Story['steps'] => [
  ...[A, CLICK, deal(terms(component)), version(terms(component), MIDDLE)],
  event('ftd', 'f1', { of: 'u1', by: 'C', at: day('10'), amount: '50.00' }),
  event('ftd', 'f2', { of: 'u2', by: 'C', at: day('20'), amount: '50.00' }),
  event('ftd', 'f3', { of: 'u3', by: 'C', at: day('21'), amount: '50.00' }),
];
const bounties = (mode: string) => ({
  kind: 'cpa',
  on: 'ftd',
  tiers: {
    metric: 'ftd_count',
    mode,
    steps: [
      {
        from: '0',
        amount: '100.00',
      },
      {
        from: '3',
        amount: '300.00',
      },
    ],
  },
});

const others: readonly Parts[] = [
  // 60.00 for each of 18 lots.
  { name: 'Retroactive steps by lots run on over a version', sum: '1080.00', steps: lotStory('retroactive') },
  // 40.00 for 10 lots, 60.00 for 8.
  { name: 'Marginal steps by lots run on over a version', sum: '880.00', steps: lotStory('marginal') },
  // (−10,000.00 + 15,000.00) at 40 %.
  {
    name: 'A loss carried by revenue is priced by the month that it lowers',
    sum: '2000.00',
    steps: carried('ngr'),
  },
  // −30 % of 10,000.00 and 40 % of 15,000.00.
  {
    name: 'A loss carried by commission is priced by the month that made it',
    sum: '3000.00',
    steps: carried('commission'),
  },
  // −1,182.34872 is carried as −1,182.34; 3,538.5315 less that is 2,356.1915.
  {
    name: 'A loss carried by commission is rounded by the month that made it',
    sum: '2356.19',
    steps: [
      ...[A, click('C', 'A', '@month-2.05T12:00')],
      deal({ ...terms(carry('commission', '39.9')), rounding: 'down' }),
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@month-2.10T12:00', amount: '-2963.28' }),
      event('revenue', 'r2', { of: 'u', at: day('10'), amount: '8868.50' }),
    ],
  },
  // (−10,000.00 + 5,000.00 + 10,000.00) at 30 %.
  {
    name: 'A carried loss is used up once over the parts of a month',
    sum: '1500.00',
    steps: [
      ...[
        A,
        click('C', 'A', '@month-2.05T12:00'),
        deal(terms(carry('ngr', '30'))),
        version(terms(carry('ngr', '30')), MIDDLE),
      ],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@month-2.10T12:00', amount: '-10000.00' }),
      event('revenue', 'r2', { of: 'u', at: day('10'), amount: '5000.00' }),
      event('revenue', 'r3', { of: 'u', at: day('20'), amount: '10000.00' }),
    ],
  },
  // Two of three.
  {
    name: 'A cap of bounties runs on over a version',
    sum: '400.00',
    steps: threeCustomers({ ...CPA, cap: { count: 2 } }),
  },
  // 200.00 and, of the second, the 100.00 that the cap of 300.00 has room for.
  {
    name: 'A cap of money for bounties runs on over a version',
    sum: '300.00',
    steps: threeCustomers({ ...CPA, cap: { amount: '300.00' } }),
  },
  // 100 + 100 + 300.
  {
    name: 'Marginal steps of bounties run on over a version',
    sum: '500.00',
    steps: threeCustomers(bounties('marginal')),
  },
  // 3 × 300.
  {
    name: 'Retroactive steps of bounties run on over a version',
    sum: '900.00',
    steps: threeCustomers(bounties('retroactive')),
  },
  // 25 % of 0.03 is 0.0075; three parts of 0.0025 alone would be nothing.
  {
    name: 'A month of three equal versions is rounded once',
    sum: '0.01',
    steps: [
      ...[
        A,
        CLICK,
        deal(terms(share({}))),
        version(terms(share({})), MIDDLE),
        version(terms(share({})), day('18')),
      ],
      event('revenue', 'r1', { of: 'u', by: 'C', at: day('10'), amount: '0.01' }),
      event('revenue', 'r2', { of: 'u', at: day('16'), amount: '0.01' }),
      event('revenue', 'r3', { of: 'u', at: day('20'), amount: '0.01' }),
    ],
  },
];

const CUMULATIVE = {
  kind: 'cpa',
  on: ['ftd', 'deposit'],
  amount: '200.00',
  min_amount: '100.00',
  qualify: 'cumulative',
};
const OWN = { affiliate_id: '$A', effective_from: MIDDLE };
const ftdThenDeposit = [
  event('ftd', 'f', { of: 'u', by: 'C', at: day('10'), amount: '100.00' }),
  event('deposit', 'd', { of: 'u', at: day('20'), amount: '100.00' }),
];

const bounty: readonly Parts[] = [
  {
    name: 'An own deal does not pay a second CPA for a customer',
    sum: '200.00',
    steps: [A, CLICK, deal(terms(CUMULATIVE)), deal(terms(CUMULATIVE), OWN, 'OWN'), ...ftdThenDeposit],
  },
  {
    name: 'A version with another trigger does not pay a second CPA for a customer',
    sum: '200.00',
    steps: [
      A,
      CLICK,
      deal(terms({ ...CUMULATIVE, on: ['ftd'] })),
      version(terms(CUMULATIVE), MIDDLE),
      ...ftdThenDeposit,
    ],
  },
  {
    name: 'A CPA that was charged back is not earned anew under another deal',
    sum: '0.00',
    steps: [
      ...[A, CLICK, deal(terms(CUMULATIVE)), deal(terms(CUMULATIVE), OWN, 'OWN'), ...ftdThenDeposit],
      against('chargeback', 'x', 'f', { at: day('25') }),
    ],
  },
  {
    name: 'The same trigger named twice is that trigger',
    sum: '400.00', // Two customers; the second ftd of the first is no second bounty.
    steps: [
      ...[A, CLICK, deal(terms({ ...CPA, on: ['ftd', 'ftd'] })), version(terms(CPA), MIDDLE)],
      event('ftd', 'f1', { of: 'u', by: 'C', at: day('10'), amount: '50.00' }),
      event('ftd', 'f2', { of: 'v', by: 'C', at: day('20'), amount: '50.00' }),
      event('ftd', 'f3', { of: 'u', at: day('21'), amount: '50.00' }),
    ],
  },
  {
    name: 'One version may pay two bounties for one event',
    sum: '120.00', // 50 for the registration, 70 for the ftd.
    steps: [
      ...[A, CLICK],
      deal({
        components: [
          { kind: 'cpa', on: ['registration', 'ftd'], amount: '50.00' },
          { ...CPA, amount: '70.00' },
        ],
      }),
      event('registration', 'r', { of: 'u', by: 'C', at: day('10') }),
      event('ftd', 'f', { of: 'u', at: day('20'), amount: '50.00' }),
    ],
  },
  {
    name: 'Bounties side by side stay so in a version that pays other amounts',
    sum: '140.00', // 50 for the registration by the first version, 90 for the ftd by the second.
    steps: [
      ...[A, CLICK],
      deal({
        components: [
          { kind: 'cpa', on: ['registration', 'ftd'], amount: '50.00' },
          { ...CPA, amount: '70.00' },
        ],
      }),
      version(
        {
          components: [
            { kind: 'cpa', on: ['registration', 'ftd'], amount: '60.00' },
            { ...CPA, amount: '90.00' },
          ],
        },
        MIDDLE,
      ),
      event('registration', 'r', { of: 'u', by: 'C', at: day('10') }),
      event('ftd', 'f', { of: 'u', at: day('20'), amount: '50.00' }),
    ],
  },
  {
    name: 'Bounties for different triggers are different bounties',
    sum: '250.00', // 50 for the registration by the first version, 200 for the ftd by the second.
    steps: [
      ...[
        A,
        CLICK,
        deal(terms({ kind: 'cpa', on: 'registration', amount: '50.00' })),
        version(terms(CPA), MIDDLE),
      ],
      event('registration', 'r', { of: 'u', by: 'C', at: day('10') }),
      event('ftd', 'f', { of: 'u', at: day('20'), amount: '50.00' }),
    ],
  },
];

const storyOf =
  (rule: Story['rule']) =>
  ({ sum, ...rest }: Parts): Story => ({ rule, ...rest, balances: { A: sum } });

export const MONTHS: readonly Story[] = [
  ...bounty.map(storyOf(4)),
  ...[...ofMonth, ...others].map(storyOf(5)),
];
