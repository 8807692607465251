// Stories of rules 6, 10, 11, 12 and 15: dated facts, corrected rates, people and deals that
// change, cohorts.
/* oxlint-disable unicorn/no-useless-spread -- groups fields and steps that belong together on a line */
import {
  affiliate,
  amend,
  change,
  click,
  deal,
  end,
  event,
  newOperator,
  operator,
  rate,
  reassign,
  version,
} from '../steps.ts';
import { CPA, PERCENT, REVSHARE, terms, type Story } from './story.ts';

const A = affiliate('A');
const B = affiliate('B');
const P = affiliate('P');
const TEN_PERCENT = deal(terms(PERCENT));
const overridden = (component: Readonly<Record<string, unknown>>) =>
  terms(component, { overrides: [{ percent: '10' }] });

const PARENTS: readonly Story[] = [
  {
    rule: 6,
    name: 'After a rerating an override still belongs to the parent of the event’s time',
    // 30 % of 1,000.00; P1 10 % of that.
    steps: [
      ...[affiliate('P1'), affiliate('P2'), affiliate('A', { parent_id: '$P1' }), deal(overridden(REVSHARE))],
      ...[
        click('C', 'A', '@-61d'),
        event('revenue', 'r', { of: 'u', by: 'C', at: '@-60d', amount: '1000.00' }),
      ],
      change('A', { parent_id: '$P2' }),
      version(overridden({ ...REVSHARE, percent: '30' }), '@-90d'),
    ],
    balances: { A: '300.00', P1: '30.00', P2: '0.00' },
  },
  {
    rule: 6,
    name: 'A parent who comes in mid-month earns from then on',
    // A: 25 % of 10,001.00; P: 10 % of 2,500.00.
    steps: [
      ...[A, P, deal(overridden(REVSHARE)), click('C', 'A', '@month-1.02T12:00')],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@month-1.05T12:00', amount: '1.00' }),
      event('revenue', 'r2', { of: 'u', at: '@month-1.20T12:00', amount: '10000.00' }),
      change('A', { parent_id: '$P', parent_since: '@month-1.10T00:00' }),
    ],
    balances: { A: '2500.25', P: '250.00' },
  },
  {
    rule: 6,
    name: 'A parent who goes in mid-month keeps what was earned until then',
    // A: 25 % of 2,400.00; P: 10 % of 350.00.
    steps: [
      ...[
        P,
        affiliate('A', { parent_id: '$P' }),
        deal(overridden(REVSHARE)),
        click('C', 'A', '@month-1.02T12:00'),
      ],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@month-1.05T12:00', amount: '1400.00' }),
      event('revenue', 'r2', { of: 'u', at: '@month-1.20T12:00', amount: '1000.00' }),
      change('A', { parent_id: null, parent_since: '@month-1.10T00:00' }),
    ],
    balances: { A: '600.00', P: '35.00' },
  },
  {
    rule: 6,
    name: 'A parent who comes in mid-month earns of lots from then on',
    // A: 4.00 for 101 lots; P: 10 % of 400.00.
    steps: [
      ...[
        A,
        P,
        deal(overridden({ kind: 'per_lot', on: ['trade'], amount: '4.00' })),
        click('C', 'A', '@month-1.02T12:00'),
      ],
      event('trade', 't1', { of: 'u', by: 'C', at: '@month-1.05T12:00', more: { volume: '1' } }),
      event('trade', 't2', { of: 'u', at: '@month-1.20T12:00', more: { volume: '100' } }),
      change('A', { parent_id: '$P', parent_since: '@month-1.10T00:00' }),
    ],
    balances: { A: '404.00', P: '40.00' },
  },
  {
    rule: 6,
    name: 'A parent set for a past date earns of what happened since',
    // P: 10 % of 10 % of 100.00 after the date, nothing of the sale before it.
    steps: [
      ...[A, P, deal(overridden(PERCENT)), click('C', 'A', '@-9d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-8d', amount: '100.00' }),
      event('sale', 's2', { of: 'u', at: '@-3d', amount: '100.00' }),
      change('A', { parent_id: '$P', parent_since: '@-5d' }),
    ],
    balances: { A: '20.00', P: '1.00' },
  },
  {
    rule: 6,
    name: 'Each level of parents has its own percentage of the affiliate’s commission',
    // 3.33; 10 % is 0.333, 5 % is 0.1665.
    steps: [
      ...[
        affiliate('G'),
        affiliate('P', { parent_id: '$G' }),
        affiliate('A', { parent_id: '$P' }),
        click('C', 'A', '@-9d'),
      ],
      deal(terms(PERCENT, { overrides: [{ percent: '10' }, { percent: '5' }] })),
      event('sale', 's1', { of: 'u', by: 'C', at: '@-8d', amount: '33.33' }),
    ],
    balances: { A: '3.33', P: '0.33', G: '0.17' },
  },
];

/**
 * 1,000.00 in the last hours (UTC) of the month before last, and a loss of 400.00 earlier in it.
 */
const LATE = [
  ...[A, click('C', 'A', '@month-2.10T12:00')],
  event('revenue', 'r1', { of: 'u', by: 'C', at: '@month-1.01T00:00', amount: '1000.00' }),
];
const monthEnd = (zone: string) => [
  ...[newOperator({ currency: 'USD', timezone: zone }), deal(terms(REVSHARE)), ...LATE],
  event('revenue', 'r2', { of: 'u', at: '@month-2.15T12:00', amount: '-400.00' }),
];

const ZONES: readonly Story[] = [
  {
    rule: 6,
    name: 'An amended conversion stays in the month of the zone of its time',
    // Midnight UTC is still the evening before in Los Angeles: (1,000.04 − 400.00) at 25 %.
    steps: [
      ...monthEnd('America/Los_Angeles'),
      operator({ timezone: 'Pacific/Auckland' }),
      amend('r1', { amount: '1000.04' }),
    ],
    balances: { A: '150.01' },
  },
  {
    rule: 6,
    name: 'A rerated conversion stays in the month of the zone of its time',
    // 600.00 at 26 %.
    steps: [
      ...[...monthEnd('America/Los_Angeles'), operator({ timezone: 'Pacific/Auckland' })],
      version(terms({ ...REVSHARE, percent: '26' }), '@-150d'),
    ],
    balances: { A: '156.00' },
  },
  {
    rule: 6,
    name: 'A month is the calendar month in the operator’s zone',
    // In UTC the 1,000.00 are of the next month, whose 250.00 no loss lowers.
    steps: monthEnd('UTC'),
    balances: { A: '250.00' },
  },
];

const typo = [
  ...[A, TEN_PERCENT, click('C', 'A', '@-3d'), rate('EUR', 'USD', '10.8', '@-5d')],
  event('sale', 's', { of: 'u', by: 'C', at: '@-2d', amount: '100.00', currency: 'EUR' }),
];

const RATES: readonly Story[] = [
  {
    rule: 10,
    name: 'A rate stored again for its pair and time rates again what the former one converted',
    steps: [...typo, rate('EUR', 'USD', '1.08', '@-5d')],
    balances: { A: '10.80' },
  },
  {
    rule: 10,
    name: 'An amendment after a corrected rate uses the corrected one',
    // 100.01 at 1.08 is 108.01, of which 10.80.
    steps: [...typo, rate('EUR', 'USD', '1.08', '@-5d'), amend('s', { amount: '100.01' })],
    balances: { A: '10.80' },
  },
  {
    rule: 10,
    name: 'An inverse rate stays unused',
    steps: [
      ...[A, TEN_PERCENT, click('C', 'A', '@-3d'), rate('USD', 'EUR', '0.9', '@-5d')],
      event('sale', 's', { of: 'u', by: 'C', at: '@-2d', amount: '100.00', currency: 'EUR' }),
    ],
    balances: { A: '0.00' },
    events: { s: 'set_aside no_exchange_rate' },
  },
  {
    rule: 10,
    name: 'A rate older than 31 days is no rate',
    steps: [
      ...[A, TEN_PERCENT, click('C', 'A', '@-3d'), rate('EUR', 'USD', '1.1', '@-34d')],
      event('sale', 's', { of: 'u', by: 'C', at: '@-2d', amount: '100.00', currency: 'EUR' }),
    ],
    balances: { A: '0.00' },
    events: { s: 'set_aside no_exchange_rate' },
  },
];

const bound = [
  click('C', 'A', '@-12d'),
  event('sale', 's1', { of: 'u', by: 'C', at: '@-10d', amount: '100.00' }),
];
const LATER = event('sale', 's2', { of: 'u', at: '@-2d', amount: '100.00' });

const PEOPLE: readonly Story[] = [
  {
    rule: 11,
    name: 'A suspended affiliate earns',
    steps: [A, TEN_PERCENT, ...bound, change('A', { state: 'suspended' }), LATER],
    balances: { A: '20.00' },
  },
  {
    rule: 11,
    name: 'A closed affiliate keeps what it earned and is given nothing new',
    steps: [
      A,
      TEN_PERCENT,
      ...bound,
      change('A', { state: 'closed' }),
      event('sale', 's2', { of: 'u', amount: '100.00' }),
    ],
    balances: { A: '10.00' },
    events: { s1: 'settled', s2: 'orphaned affiliate_closed' },
  },
  {
    rule: 11,
    name: 'A closed affiliate is given what happened before it was closed',
    steps: [A, TEN_PERCENT, ...bound, change('A', { state: 'closed' }), LATER],
    balances: { A: '20.00' },
  },
  {
    rule: 11,
    name: 'After an own deal has ended the default deal holds',
    // 20 % of 100.00 before, 10 % after.
    steps: [
      A,
      TEN_PERCENT,
      deal(
        terms({
          ...PERCENT,
          percent: '20',
        }),
        { affiliate_id: '$A' },
        'OWN',
      ),
      ...bound,
      end('OWN'),
      event('sale', 's2', {
        of: 'u',
        amount: '100.00',
      }),
    ],
    balances: { A: '30.00' },
  },
  {
    rule: 11,
    name: 'A customer who is moved belongs to the other affiliate from the date on',
    steps: [A, B, TEN_PERCENT, ...bound, LATER, reassign('u', 'B', '@-5d')],
    balances: { A: '10.00', B: '10.00' },
  },
  {
    rule: 11,
    name: 'A move holds for what comes later, whoever’s click it names',
    steps: [
      ...[A, B, TEN_PERCENT, ...bound, reassign('u', 'B', '@-5d'), click('C2', 'A', '@-3d')],
      event('sale', 's2', { of: 'u', by: 'C2', at: '@-2d', amount: '100.00' }),
    ],
    balances: { A: '10.00', B: '10.00' },
  },
  {
    rule: 11,
    name: 'A customer who is moved twice belongs to each for its time',
    steps: [
      ...[A, B, P, TEN_PERCENT, ...bound, LATER, reassign('u', 'B', '@-5d'), reassign('u', 'P', '@-36h')],
      event('sale', 's3', { of: 'u', at: '@-1d', amount: '100.00' }),
    ],
    balances: { A: '10.00', B: '10.00', P: '10.00' },
  },
];

const SHARE_40 = { ...REVSHARE, percent: '40' };
const old = [
  click('C', 'A', '@-12d'),
  event('ftd', 'f1', { of: 'old', by: 'C', at: '@-10d', amount: '50.00' }),
];
const COHORT = { applies_to: 'new_customers' };

const COHORTS: readonly Story[] = [
  {
    rule: 12,
    name: 'Customers from before a version for new customers keep the version before',
    steps: [
      ...[A, deal(terms({ ...CPA, amount: '300.00' })), version(terms(SHARE_40), '@-5d', COHORT), ...old],
      event('revenue', 'r1', { of: 'old', at: '@-2d', amount: '1000.00' }),
    ],
    balances: { A: '300.00' },
  },
  {
    rule: 12,
    name: 'Customers bound since its start are priced by a version for new customers',
    // 300.00 for the old one, 40 % of 1,000.00 for the new one and no CPA.
    steps: [
      ...[A, deal(terms({ ...CPA, amount: '300.00' })), version(terms(SHARE_40), '@-5d', COHORT), ...old],
      ...[click('N', 'A', '@-4d'), event('ftd', 'f2', { of: 'new', by: 'N', at: '@-3d', amount: '50.00' })],
      event('revenue', 'r1', { of: 'new', at: '@-2d', amount: '1000.00' }),
    ],
    balances: { A: '700.00' },
  },
  {
    rule: 12,
    name: 'A version for events prices old customers too',
    steps: [
      ...[A, deal(terms({ ...CPA, amount: '300.00' })), version(terms(SHARE_40), '@-5d'), ...old],
      event('revenue', 'r1', { of: 'old', at: '@-2d', amount: '1000.00' }),
    ],
    balances: { A: '700.00' },
  },
];

const KEPT: readonly Story[] = [
  {
    rule: 15,
    name: 'A conversion that one deal only counted is paid by a later deal in another currency',
    steps: [
      ...[A, deal(terms({ ...REVSHARE, negative: 'carry' })), click('C', 'A', '@-12d')],
      event('trade', 't', { of: 'u', by: 'C', at: '@-10d', more: { volume: '2' } }),
      deal(
        { hold_days: 0, currency: 'EUR', components: [{ kind: 'per_lot', on: ['trade'], amount: '10.00' }] },
        { affiliate_id: '$A', effective_from: '@-20d' },
        'OWN',
      ),
    ],
    balances: { A: { EUR: '20.00' } },
  },
];

export const AGREEMENTS: readonly Story[] = [...PARENTS, ...ZONES, ...RATES, ...PEOPLE, ...COHORTS, ...KEPT];
