// Stories of rules 7, 8 and 9: disputes, reversals that name little, decisions that are taken back.
/* oxlint-disable unicorn/no-useless-spread -- groups fields and steps that belong together on a line */
import { affiliate, against, amend, click, deal, decide, event, type ApiStep } from '../steps.ts';
import { CPA, PERCENT, PROPORTIONAL, REVSHARE, terms, type Story } from './story.ts';

const A = affiliate('A');
const B = affiliate('B');
const CLICK = click('C', 'A', '@-31d');
const sale = (amount: string): ApiStep[] => [
  A,
  CLICK,
  event('sale', 's', { of: 'u', by: 'C', at: '@-20d', amount }),
];
const FULL = deal(terms(PERCENT));
const SHARED = deal(PROPORTIONAL);

interface Dispute {
  readonly rule: Story['rule'];
  readonly name: string;
  readonly sum: string;
  readonly steps: readonly ApiStep[];
  readonly events?: Readonly<Record<string, string>>;
}

const chargeback = (id: string, at: string, amount?: string) =>
  against('chargeback', id, 's', { at, ...(amount === undefined ? {} : { amount }) });
const won = (id: string, at: string, amount?: string, of = 's') =>
  against('chargeback_won', id, of, { at, ...(amount === undefined ? {} : { amount }) });

const TWO = [chargeback('c1', '@-15d', '300.00'), chargeback('c2', '@-14d', '200.00')];

const DISPUTES: readonly Dispute[] = [
  {
    rule: 7,
    name: 'A chargeback after a win strikes again',
    sum: '0.00',
    steps: [
      SHARED,
      ...sale('1000.00'),
      chargeback('c1', '@-15d', '1000.00'),
      won('w1', '@-14d'),
      chargeback('c2', '@-13d', '1000.00'),
    ],
  },
  {
    rule: 7,
    name: 'A win gives back its own amount and no more',
    sum: '70.00',
    steps: [SHARED, ...sale('1000.00'), ...TWO, won('w', '@-13d', '200.00')],
  },
  {
    rule: 7,
    name: 'A win may name the chargeback that it gives back',
    sum: '80.00',
    steps: [SHARED, ...sale('1000.00'), ...TWO, won('w', '@-13d', undefined, 'c1')],
  },
  {
    rule: 7,
    name: 'A win takes the oldest chargeback first and goes on to the next',
    sum: '90.00',
    steps: [SHARED, ...sale('1000.00'), ...TWO, won('w', '@-13d', '400.00')],
  },
  {
    rule: 7,
    name: 'A win without an amount gives back all chargebacks before it',
    sum: '100.00',
    steps: [SHARED, ...sale('1000.00'), ...TWO, won('w', '@-13d')],
  },
  {
    rule: 7,
    name: 'Under full clawback one chargeback that stands takes everything',
    sum: '0.00',
    steps: [FULL, ...sale('1000.00'), ...TWO, won('w', '@-13d', undefined, 'c1')],
  },
  {
    rule: 7,
    name: 'Under full clawback a chargeback that is partly won still takes everything',
    sum: '0.00',
    steps: [FULL, ...sale('1000.00'), chargeback('c1', '@-15d', '300.00'), won('w', '@-13d', '200.00')],
  },
  {
    rule: 7,
    name: 'Under full clawback a chargeback that is wholly won takes nothing',
    sum: '100.00',
    steps: [FULL, ...sale('1000.00'), chargeback('c1', '@-15d', '300.00'), won('w', '@-13d', '300.00')],
  },
  {
    rule: 7,
    name: 'A win, its chargeback and the sale may arrive in the opposite order',
    sum: '100.00',
    steps: [
      A,
      CLICK,
      SHARED,
      won('w', '@-13d'),
      chargeback('c1', '@-15d'),
      event('sale', 's', {
        of: 'u',
        by: 'C',
        at: '@-20d',
        amount: '1000.00',
      }),
    ],
  },
  {
    rule: 7,
    name: 'A refund stands although the chargeback beside it was won',
    sum: '0.00',
    steps: [
      FULL,
      ...sale('499.00'),
      against('refund', 'r', 's', {
        at: '@-16d',
        amount: '499.00',
      }),
      chargeback('c1', '@-15d'),
      won('w', '@-13d'),
    ],
  },
  {
    rule: 7,
    name: 'A second chargeback of what is taken already says so',
    sum: '0.00',
    steps: [FULL, ...sale('1000.00'), chargeback('c1', '@-15d'), chargeback('c2', '@-14d')],
    events: {
      c1: 'settled',
      c2: 'settled already_reversed',
    },
  },
  {
    rule: 7,
    name: 'A closure that the deal does not claw back says so',
    sum: '100.00',
    steps: [
      FULL,
      ...sale('1000.00'),
      event('account_closure', 'x', {
        of: 'u',
        at: '@-1d',
      }),
    ],
    events: { x: 'settled not_clawed_back' },
  },
  {
    rule: 7,
    name: 'Fraud after the clawback window says so',
    sum: '100.00',
    steps: [
      deal(terms(PERCENT, { clawback: { days: 10 } })),
      ...sale('1000.00'),
      event('fraud', 'x', {
        of: 'u',
        at: '@-1d',
      }),
    ],
    events: { x: 'settled too_old' },
  },
];

const sales = (count: number): ApiStep[] => [
  ...[A, CLICK],
  ...Array.from({ length: count }, (_, index) =>
    event('deposit', `d${index}`, { of: 'u', by: 'C', at: `@-${20 - index}d`, amount: '100.00' }),
  ),
];
const REGISTERED_BY_CUSTOMER: ApiStep[] = [
  ...[A, CLICK, deal(terms(CPA))],
  {
    method: 'POST',
    path: '/v1/events',
    as: 'f',
    body: {
      event: 'ftd',
      customer_id: 'u',
      click_id: '$C',
      amount: '100.00',
      currency: 'USD',
      occurred_at: '@-20d',
    },
  },
];

const LITTLE: readonly Dispute[] = [
  {
    rule: 8,
    name: 'A chargeback of a customer with an amount takes the latest conversion',
    sum: '90.00',
    steps: [
      SHARED,
      ...sales(10),
      event('chargeback', 'x', {
        of: 'u',
        at: '@-1d',
        amount: '100.00',
      }),
    ],
  },
  {
    rule: 8,
    name: 'A chargeback of a customer takes from a rejected conversion what it would have taken of it',
    sum: '20.00',
    steps: [
      SHARED,
      ...sales(3),
      decide('reject', 'd2'),
      event('chargeback', 'x', {
        of: 'u',
        at: '@-1d',
        amount: '100.00',
      }),
    ],
  },
  {
    rule: 8,
    name: 'A chargeback larger than the latest conversion goes on to the one before',
    sum: '15.00',
    steps: [
      SHARED,
      ...sales(3),
      event('chargeback', 'x', {
        of: 'u',
        at: '@-1d',
        amount: '150.00',
      }),
    ],
  },
  {
    rule: 8,
    name: 'Under full clawback each conversion that is reached is taken whole',
    sum: '10.00',
    steps: [
      FULL,
      ...sales(3),
      event('chargeback', 'x', {
        of: 'u',
        at: '@-1d',
        amount: '150.00',
      }),
    ],
  },
  {
    rule: 8,
    name: 'A second chargeback goes on where the first one ended',
    sum: '10.00',
    steps: [
      ...[
        SHARED,
        ...sales(3),
        event('chargeback', 'x1', {
          of: 'u',
          at: '@-2d',
          amount: '100.00',
        }),
      ],
      event('chargeback', 'x2', {
        of: 'u',
        at: '@-1d',
        amount: '100.00',
      }),
    ],
  },
  {
    rule: 8,
    name: 'A chargeback of a customer without an amount takes all within the window',
    sum: '0.00',
    steps: [
      SHARED,
      ...sales(3),
      event('chargeback', 'x', {
        of: 'u',
        at: '@-1d',
      }),
    ],
  },
  {
    rule: 8,
    name: 'A reversal of a customer leaves what happened after it',
    sum: '10.00',
    steps: [
      SHARED,
      ...sales(1),
      event('fraud', 'x', {
        of: 'u',
        at: '@-10d',
      }),
      event('sale', 's', {
        of: 'u',
        at: '@-5d',
        amount: '100.00',
      }),
    ],
  },
  {
    rule: 8,
    name: 'A reversal whose customer contradicts its reference is set aside',
    sum: '100.00',
    steps: [
      FULL,
      ...sale('1000.00'),
      against('chargeback', 'x', 's', {
        of: 'v',
        at: '@-1d',
      }),
    ],
    events: { x: 'set_aside customer_mismatch' },
  },
  {
    rule: 8,
    name: 'A refund may name by customer what was keyed by customer',
    sum: '100.00',
    steps: [
      ...REGISTERED_BY_CUSTOMER,
      against('refund', 'x', 'u', {
        of: 'u',
        at: '@-1d',
        amount: '50.00',
        more: { reference_event: 'ftd' },
      }),
    ],
  },
  {
    rule: 8,
    name: 'A refund may name a customer and a type of event instead of a reference',
    sum: '100.00',
    steps: [
      ...REGISTERED_BY_CUSTOMER,
      event('refund', 'x', {
        of: 'u',
        at: '@-1d',
        amount: '50.00',
        more: { reference_event: 'ftd' },
      }),
    ],
  },
  {
    rule: 8,
    name: 'Refunds in thirds add up',
    sum: '2.50',
    steps: [
      ...[
        deal(
          terms({
            ...PERCENT,
            percent: '7.5',
          }),
        ),
        ...sale('99.99'),
      ],
      ...['r1', 'r2'].map((id) =>
        against('refund', id, 's', {
          at: '@-9d',
          amount: '33.33',
        }),
      ),
    ],
  },
  {
    rule: 8,
    name: 'A refund is priced as its own sale was',
    sum: '100.00',
    steps: [
      ...[
        A,
        CLICK,
        deal({
          components: [
            PERCENT,
            {
              kind: 'percent',
              on: ['challenge_purchase'],
              percent: '15',
            },
          ],
        }),
      ],
      event('sale', 's', {
        of: 'u',
        by: 'C',
        at: '@-20d',
        amount: '500.00',
      }),
      event('challenge_purchase', 'c', {
        of: 'u',
        at: '@-19d',
        amount: '500.00',
      }),
      against('refund', 'x', 's', {
        at: '@-9d',
        amount: '250.00',
      }),
    ],
  },
  {
    rule: 8,
    name: 'A refund is measured by the amended amount of its sale',
    sum: '6.00',
    steps: [
      FULL,
      ...sale('100.00'),
      against('refund', 'x', 's', {
        at: '@-9d',
        amount: '60.00',
      }),
      amend('s', { amount: '50.00' }),
      amend('s', { amount: '120.00' }),
    ],
  },
  {
    rule: 8,
    name: 'More refunds than the sale take the sale and no more',
    sum: '0.00',
    steps: [
      FULL,
      ...sale('100.00'),
      against('refund', 'x', 's', {
        at: '@-9d',
        amount: '30.00',
      }),
      against('refund', 'y', 's', {
        at: '@-8d',
        amount: '500.00',
      }),
    ],
  },
];

const REFUND = against('refund', 'x', 's', { at: '@-9d', amount: '100.00' });
const FRAUD = event('fraud', 'x', { of: 'u', at: '@-9d' });
const good = [
  ...[
    A,
    CLICK,
    deal(terms(REVSHARE)),
    event('revenue', 'r1', { of: 'good', by: 'C', at: '@month-1.10T12:00', amount: '1000.00' }),
  ],
  event('revenue', 'r2', { of: 'bad', by: 'C', at: '@month-1.11T12:00', amount: '100.00' }),
].map((step) => (step === CLICK ? click('C', 'A', '@month-1.05T12:00') : step));
const MORE = event('revenue', 'r3', { of: 'good', at: '@month-1.12T12:00', amount: '1000.00' });

const DECISIONS: readonly Dispute[] = [
  {
    rule: 9,
    name: 'A refund that is voided takes nothing',
    sum: '10.00',
    steps: [FULL, ...sale('100.00'), REFUND, decide('void', 'x')],
    events: { x: 'voided' },
  },
  {
    rule: 9,
    name: 'Fraud that is voided takes nothing',
    sum: '10.00',
    steps: [FULL, ...sale('100.00'), FRAUD, decide('void', 'x')],
  },
  {
    rule: 9,
    name: 'A refund of a sale that is voided has nothing to reverse',
    sum: '0.00',
    steps: [FULL, ...sale('100.00'), REFUND, decide('void', 's')],
    events: {
      s: 'voided',
      x: 'orphaned no_conversion',
    },
  },
  {
    rule: 9,
    name: 'A sale that is put back earns as before',
    sum: '10.00',
    steps: [FULL, ...sale('100.00'), decide('void', 's'), decide('unvoid', 's')],
    events: { s: 'settled' },
  },
  {
    rule: 9,
    name: 'A refund that is put back takes as before',
    sum: '0.00',
    steps: [FULL, ...sale('100.00'), REFUND, decide('void', 'x'), decide('unvoid', 'x')],
  },
  {
    rule: 9,
    name: 'A win that is voided leaves the chargeback',
    sum: '0.00',
    steps: [FULL, ...sale('100.00'), chargeback('c', '@-15d'), won('w', '@-13d'), decide('void', 'w')],
  },
  {
    rule: 9,
    name: 'One conversion is rejected without its month',
    sum: '500.00',
    steps: [...good, decide('reject', 'r2'), MORE],
    events: { r2: 'settled rejected' },
  },
  {
    rule: 9,
    name: 'A rejection is taken back',
    sum: '525.00',
    steps: [...good, decide('reject', 'r2'), MORE, decide('unreject', 'r2')],
    events: { r2: 'settled' },
  },
];

/** A payment that was told as the first deposit and as a deposit: 10 % of each. */
const twice = (first: string, again: string): ApiStep[] => [
  A,
  CLICK,
  event('ftd', 'p1', { of: 'u', by: 'C', at: '@-20d', amount: first }),
  {
    ...event('deposit', 'p1', { of: 'u', at: '@-20d', amount: again }),
    as: 'again',
  },
];
const taken = (amount: string) => event('chargeback', 'c', { of: 'u', at: '@-10d', amount });

const TOLD_TWICE: readonly Dispute[] = [
  {
    rule: 8,
    name: 'A chargeback by customer takes a payment that was told twice back once, and both conversions',
    sum: '0.00',
    steps: [SHARED, ...twice('100.00', '100.00'), taken('100.00')],
  },
  {
    rule: 8,
    name: 'Half of a payment that was told twice is half of both conversions',
    sum: '10.00',
    steps: [SHARED, ...twice('100.00', '100.00'), taken('50.00')],
  },
  {
    rule: 8,
    name: 'What a payment that was told twice leaves of a chargeback takes the payment before it',
    // Of 10.00 for the deposit before it a half; of twice 10.00 nothing.
    sum: '5.00',
    steps: [
      SHARED,
      ...twice('100.00', '100.00'),
      event('deposit', 'p0', { of: 'u', at: '@-21d', amount: '100.00', more: { click_id: '$C' } }),
      taken('150.00'),
    ],
  },
  {
    rule: 8,
    name: 'A win gives a payment that was told twice back for both conversions',
    sum: '15.00',
    steps: [SHARED, ...twice('100.00', '100.00'), taken('100.00'), won('w', '@-9d', '75.00', 'c')],
  },
  {
    rule: 8,
    name: 'A payment that was told twice with two amounts loses the same share of both',
    // Half of 10.00 and 15.00.
    sum: '12.50',
    steps: [SHARED, ...twice('100.00', '150.00'), taken('75.00')],
  },
];

const NOTHING = 'settled nothing_to_reverse';
const capped = deal(terms({ ...PERCENT, cap: { count: 1 } }));
const twoSales = [
  ...sale('100.00'),
  event('sale', 't', { of: 'u', at: '@-20d', amount: '50.00', more: { click_id: '$C' } }),
];

/** Reversals that move no money, since nothing less is earned with them. */
const IN_VAIN: readonly Dispute[] = [
  {
    rule: 8,
    name: 'A refund of a first deposit that was too small for a CPA says that there is nothing to reverse',
    sum: '0.00',
    steps: [
      ...[A, CLICK, deal(terms({ ...CPA, min_amount: '100.00' }))],
      event('ftd', 's', { of: 'u', by: 'C', at: '@-20d', amount: '50.00' }),
      against('refund', 'x', 's', { at: '@-15d', amount: '50.00' }),
    ],
    events: { x: NOTHING },
  },
  {
    rule: 8,
    name: 'A chargeback of a sale beyond the cap says that there is nothing to reverse',
    sum: '10.00',
    steps: [capped, ...twoSales, against('chargeback', 'x', 't', { at: '@-15d' })],
    events: { x: NOTHING },
  },
  {
    rule: 8,
    name: 'A chargeback that lets another sale under the cap has moved money',
    sum: '5.00',
    steps: [capped, ...twoSales, against('chargeback', 'x', 's', { at: '@-15d' })],
    events: { x: 'settled' },
  },
  {
    rule: 8,
    name: 'A refund that leaves a capped commission as it is says that there is nothing to reverse',
    sum: '5.00',
    steps: [
      ...[deal(terms({ ...PERCENT, cap: { amount: '5.00' } })), ...sale('100.00')],
      against('refund', 'x', 's', { at: '@-15d', amount: '20.00' }),
    ],
    events: { x: NOTHING },
  },
  {
    rule: 8,
    name: 'A refund of revenue in a month that stays above its cap says that there is nothing to reverse',
    sum: '10.00',
    steps: [
      ...[A, CLICK, deal(terms({ ...REVSHARE, cap: { amount: '10.00' } }))],
      event('revenue', 's', { of: 'u', by: 'C', at: '@-20d', amount: '100.00' }),
      against('refund', 'x', 's', { at: '@-15d', amount: '20.00' }),
    ],
    events: { x: NOTHING },
  },
];

const storyOf = ({ sum, ...rest }: Dispute): Story => ({ ...rest, balances: { A: sum } });

export const REVERSALS: readonly Story[] = [
  ...[...DISPUTES, ...LITTLE, ...TOLD_TWICE, ...IN_VAIN, ...DECISIONS].map(storyOf),
  {
    rule: 9,
    name: 'A chargeback of a payment that was told twice stays settled when one of the two is voided',
    steps: [
      ...[A, deal(terms(PERCENT)), click('C', 'A', '@-9d')],
      event('registration', 'r', { of: 'u', by: 'C', at: '@-8d' }),
      event('ftd', 'p1', { of: 'u', at: '@-5d', amount: '100.00' }),
      { ...event('deposit', 'p1', { of: 'u', at: '@-4d', amount: '100.00' }), as: 'again' },
      ...[against('chargeback', 'c', 'p1', { at: '@-1d' }), decide('void', 'p1')],
    ],
    balances: { A: '0.00' },
    events: { c: 'settled', p1: 'voided' },
  },
  {
    rule: 9,
    name: 'An event that is voided takes its binding with it',
    // B: 10 % of 100.00, since the customer is B's now.
    steps: [
      ...[A, B, FULL, click('C', 'A', '@-9d'), click('C2', 'B', '@-5d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-8d', amount: '100.00' }),
      event('sale', 's2', { of: 'u', by: 'C2', at: '@-4d', amount: '100.00' }),
      decide('void', 's1'),
    ],
    balances: { A: '0.00', B: '10.00' },
  },
  {
    rule: 9,
    name: 'An event that is put back binds its customer again, whom another click bound meanwhile',
    // A: 10 % of 100.00, 100.00 and 100.00.
    steps: [
      ...[A, B, FULL, click('C', 'A', '@-9d'), click('C2', 'B', '@-5d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-8d', amount: '100.00' }),
      decide('void', 's1'),
      event('sale', 's2', { of: 'u', by: 'C2', at: '@-4d', amount: '100.00' }),
      event('sale', 's3', { of: 'u', at: '@-3d', amount: '100.00' }),
      decide('unvoid', 's1'),
    ],
    balances: { A: '30.00', B: '0.00' },
  },
];
