// Stories of rules 1 to 3: time decides whose an event is, one person is one customer, what is set
// aside binds.
/* oxlint-disable unicorn/no-useless-spread -- groups fields and steps that belong together on a line */
import {
  affiliate,
  against,
  amend,
  assign,
  click,
  coupon,
  deal,
  decide,
  event,
  operator,
  rate,
  reassign,
} from '../steps.ts';
import { CPA, PERCENT, REVSHARE, terms, type Story } from './story.ts';

const A = affiliate('A');
const B = affiliate('B');
const TEN_PERCENT = deal(terms(PERCENT));
const HYBRID = deal({ hold_days: 0, components: [CPA, REVSHARE] });
const IGNORE = operator({ existing_customers: 'ignore' });
const YEAR = operator({ click_window_days: 365 });

export const ATTRIBUTION: readonly Story[] = [
  {
    rule: 1,
    name: 'A click of today does not earn what its customer did before it',
    // 25 % of the 10.00 after the click; the ftd and 9,000.00 of revenue are older.
    steps: [
      ...[A, HYBRID, event('ftd', 'f1', { of: 'vip', at: '@-300d', amount: '500.00' })],
      event('revenue', 'r1', { of: 'vip', at: '@-200d', amount: '9000.00' }),
      ...[
        click('C', 'A', '@-2h'),
        event('revenue', 'r2', { of: 'vip', by: 'C', at: '@-30m', amount: '10.00' }),
      ],
    ],
    balances: { A: '2.50' },
    events: { f1: 'orphaned before_click', r1: 'orphaned before_click', r2: 'settled' },
  },
  {
    rule: 1,
    name: 'A coupon does not earn what happened before the event that named it',
    // 25 % of 10.00.
    steps: [
      ...[
        A,
        HYBRID,
        coupon('SUMMER10', 'A'),
        event('revenue', 'r1', { of: 'u', at: '@-9d', amount: '1000.00' }),
      ],
      event('revenue', 'r2', { of: 'u', at: '@-1d', amount: '10.00', more: { coupon: 'SUMMER10' } }),
    ],
    balances: { A: '2.50' },
    events: { r1: 'orphaned before_click' },
  },
  {
    rule: 1,
    name: 'An event 400 days before the click that it names is not the click’s',
    steps: [
      A,
      HYBRID,
      click('C', 'A', '@-1h'),
      event('ftd', 'f1', { of: 'u', by: 'C', at: '@-400d', amount: '500.00' }),
    ],
    balances: { A: '0.00' },
    events: { f1: 'orphaned before_click' },
  },
  {
    rule: 1,
    name: 'An event within an hour before its click counts, for clocks differ',
    steps: [
      A,
      HYBRID,
      click('C', 'A', '@-5h'),
      event('ftd', 'f1', { of: 'u', by: 'C', at: '@-359m', amount: '500.00' }),
    ],
    balances: { A: '200.00' }, // 59 minutes before: one CPA.
  },
  {
    rule: 1,
    name: 'An event more than an hour before its click does not count',
    steps: [
      A,
      HYBRID,
      click('C', 'A', '@-5h'),
      event('ftd', 'f1', { of: 'u', by: 'C', at: '@-361m', amount: '500.00' }),
    ],
    balances: { A: '0.00' },
    events: { f1: 'orphaned before_click' },
  },
  {
    rule: 1,
    name: 'An event that comes late and happened first binds the customer by its own click',
    // B: 10 % of 50.00, of 100.00 and of 30.00.
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-3d'), click('OLD', 'B', '@-12d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-2d', amount: '50.00' }),
      event('sale', 's2', { of: 'u', by: 'OLD', at: '@-10d', amount: '100.00' }),
      event('sale', 's3', { of: 'u', at: '@-1d', amount: '30.00' }),
    ],
    balances: { A: '0.00', B: '18.00' },
  },
  {
    rule: 1,
    name: 'An event that happened first binds although the other click is the older one',
    // B: 10 % of both; its click came between the click of A and the sale that names it.
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-9d'), click('C2', 'B', '@-8d')],
      event('sale', 's2', { of: 'u', by: 'C', at: '@-6d', amount: '50.00' }),
      event('sale', 's1', { of: 'u', by: 'C2', at: '@-7d', amount: '100.00' }),
    ],
    balances: { A: '0.00', B: '15.00' },
  },
  {
    rule: 1,
    name: 'What an earlier click bound goes back when the event that named it is voided',
    // A: 10 % of both that stay.
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-3d'), click('OLD', 'B', '@-12d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-2d', amount: '50.00' }),
      event('sale', 's2', { of: 'u', by: 'OLD', at: '@-10d', amount: '100.00' }),
      ...[event('sale', 's3', { of: 'u', at: '@-1d', amount: '30.00' }), decide('void', 's2')],
    ],
    balances: { A: '8.00', B: '0.00' },
  },
  {
    rule: 2,
    name: 'An event known by click only is nobody’s when the event that named customer and click is voided',
    // 10 % of 50.00, which is of the click all the same; nothing says whose the customer is.
    steps: [
      ...[A, TEN_PERCENT, click('C', 'A', '@-3d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-1d', amount: '100.00' }),
      event('sale', 's2', { by: 'C', at: '@-2d', amount: '50.00' }),
      ...[event('sale', 's3', { of: 'u', at: '@-1h', amount: '30.00' }), decide('void', 's1')],
    ],
    balances: { A: '5.00' },
    events: { s2: 'settled', s3: 'orphaned no_evidence' },
  },
  {
    rule: 2,
    name: 'An event known by click only is the customer’s again when the event that named both is put back',
    // 10 % of 180.00.
    steps: [
      ...[A, TEN_PERCENT, click('C', 'A', '@-3d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-1d', amount: '100.00' }),
      event('sale', 's2', { by: 'C', at: '@-2d', amount: '50.00' }),
      event('sale', 's3', { of: 'u', at: '@-1h', amount: '30.00' }),
      ...[decide('void', 's1'), decide('unvoid', 's1')],
    ],
    balances: { A: '18.00' },
    events: { s1: 'settled', s2: 'settled', s3: 'settled' },
  },
  {
    rule: 2,
    name: 'An event known by click only stays the customer’s while another event names both',
    // 10 % of 120.00.
    steps: [
      ...[A, TEN_PERCENT, click('C', 'A', '@-3d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-1d', amount: '100.00' }),
      event('sale', 's2', { by: 'C', at: '@-2d', amount: '50.00' }),
      event('sale', 's4', { of: 'u', by: 'C', at: '@-2h', amount: '40.00' }),
      ...[event('sale', 's3', { of: 'u', at: '@-1h', amount: '30.00' }), decide('void', 's1')],
    ],
    balances: { A: '12.00' },
    events: { s2: 'settled', s3: 'settled', s4: 'settled' },
  },
  {
    rule: 1,
    name: 'A first event that comes late takes what a reversal by customer reaches to its affiliate too',
    // B: 10 % of 100.00; the sale of 50.00 is taken back.
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-3d'), click('OLD', 'B', '@-12d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-2d', amount: '50.00' }),
      event('chargeback', 'x', { of: 'u', at: '@-1d', amount: '50.00' }),
      event('sale', 's2', { of: 'u', by: 'OLD', at: '@-10d', amount: '100.00' }),
    ],
    balances: { A: '0.00', B: '10.00' },
  },
  {
    rule: 1,
    name: 'A click counts for the click window until it binds',
    steps: [
      A,
      TEN_PERCENT,
      click('C', 'A', '@-40d'),
      event('sale', 's1', { of: 'u', by: 'C', at: '@-1d', amount: '100.00' }),
    ],
    balances: { A: '0.00' },
    events: { s1: 'rejected click_expired' },
  },
  {
    rule: 1,
    name: 'A binding holds for ever',
    // 10 % of 100.00, 60 days after the click that bound.
    steps: [
      ...[
        A,
        TEN_PERCENT,
        click('C', 'A', '@-61d'),
        event('registration', 'r', { of: 'u', by: 'C', at: '@-60d' }),
      ],
      event('sale', 's1', { of: 'u', at: '@-1d', amount: '100.00' }),
    ],
    balances: { A: '10.00' },
  },
  {
    rule: 1,
    name: 'A binding outranks a later click of another affiliate',
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-9d'), click('C2', 'B', '@-2d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-8d', amount: '100.00' }),
      event('sale', 's2', { of: 'u', by: 'C2', at: '@-1d', amount: '100.00' }),
    ],
    balances: { A: '20.00', B: '0.00' },
  },
  {
    rule: 1,
    name: 'A coupon stands in for an expired click',
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-40d'), coupon('B10', 'B')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-1d', amount: '100.00', more: { coupon: 'b10' } }),
    ],
    balances: { A: '0.00', B: '10.00' },
  },
  {
    rule: 1,
    name: 'A coupon that binds no customer counts for its own sale alone',
    steps: [
      ...[A, TEN_PERCENT, coupon('ONCE', 'A', { binds_customer: false })],
      event('sale', 's1', { of: 'u', at: '@-3d', amount: '100.00', more: { coupon: 'once' } }),
      event('sale', 's2', { of: 'u', at: '@-1d', amount: '100.00' }),
    ],
    balances: { A: '10.00' },
    events: { s2: 'orphaned no_evidence' },
  },
  {
    rule: 1,
    name: 'With existing customers ignored a click does not bind a customer who is older than it',
    steps: [
      ...[
        A,
        HYBRID,
        IGNORE,
        event('ftd', 'f1', { of: 'u', at: '@-9d', amount: '50.00' }),
        click('C', 'A', '@-3d'),
      ],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@-2d', amount: '1000.00' }),
    ],
    balances: { A: '0.00' },
    events: { r1: 'orphaned existing_customer' },
  },
  {
    rule: 1,
    name: 'With existing customers ignored a coupon does not bind a customer who is older than it',
    steps: [
      ...[
        A,
        HYBRID,
        IGNORE,
        coupon('NEW', 'A'),
        event('ftd', 'f1', { of: 'u', at: '@-9d', amount: '50.00' }),
      ],
      event('revenue', 'r1', { of: 'u', at: '@-2d', amount: '1000.00', more: { coupon: 'NEW' } }),
    ],
    balances: { A: '0.00' },
    events: { r1: 'orphaned existing_customer' },
  },
  {
    rule: 1,
    name: 'With existing customers ignored an older event that comes late ends what a click bound',
    steps: [
      ...[A, HYBRID, IGNORE, click('C', 'A', '@-3d')],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@-2d', amount: '1000.00' }),
      event('revenue', 'r2', { of: 'u', at: '@-1d', amount: '500.00' }),
      event('ftd', 'f1', { of: 'u', at: '@-9d', amount: '50.00' }),
    ],
    balances: { A: '0.00' },
    events: {
      r1: 'orphaned existing_customer',
      r2: 'orphaned no_evidence',
      f1: 'orphaned no_evidence',
    },
  },
  {
    rule: 1,
    name: 'With existing customers ignored an older event that comes late ends what a coupon bound',
    steps: [
      ...[A, HYBRID, IGNORE, coupon('NEW', 'A')],
      event('revenue', 'r1', { of: 'u', at: '@-2d', amount: '1000.00', more: { coupon: 'NEW' } }),
      event('ftd', 'f1', { of: 'u', at: '@-9d', amount: '50.00' }),
    ],
    balances: { A: '0.00' },
    events: { r1: 'orphaned existing_customer' },
  },
  {
    rule: 1,
    name: 'With existing customers ignored an older event with a click of its own binds the customer instead',
    // B: 25 % of 1,000.00 and of 200.00.
    steps: [
      ...[A, B, HYBRID, IGNORE, click('C', 'A', '@-3d'), click('OLD', 'B', '@-12d')],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@-2d', amount: '1000.00' }),
      event('revenue', 'r0', { of: 'u', by: 'OLD', at: '@-10d', amount: '200.00' }),
    ],
    balances: { A: '0.00', B: '300.00' },
  },
  {
    rule: 1,
    name: 'With existing customers ignored an older event that is voided gives the binding back',
    steps: [
      ...[A, HYBRID, IGNORE, click('C', 'A', '@-3d')],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@-2d', amount: '1000.00' }),
      event('ftd', 'f1', { of: 'u', at: '@-9d', amount: '50.00' }),
      decide('void', 'f1'),
    ],
    balances: { A: '250.00' },
    events: { r1: 'settled', f1: 'voided' },
  },
  {
    rule: 1,
    name: 'A person may give an existing customer to an affiliate all the same',
    // 25 % of 1,000.00.
    steps: [
      A,
      HYBRID,
      IGNORE,
      event('ftd', 'f1', {
        of: 'u',
        at: '@-9d',
        amount: '50.00',
      }),
      click('C', 'A', '@-3d'),
      event('revenue', 'r1', {
        of: 'u',
        by: 'C',
        at: '@-2d',
        amount: '1000.00',
      }),
      assign('r1', 'A'),
    ],
    balances: { A: '250.00' },
    events: { r1: 'settled' },
  },
  {
    rule: 1,
    name: 'With existing customers ignored a new customer is bound as ever',
    steps: [
      A,
      HYBRID,
      IGNORE,
      click('C', 'A', '@-3d'),
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@-2d', amount: '1000.00' }),
    ],
    balances: { A: '250.00' },
  },
  {
    rule: 1,
    name: 'An assignment without a date counts from its event on',
    // 10 % of the second and the third sale.
    steps: [
      ...[A, TEN_PERCENT, event('sale', 's1', { of: 'u', at: '@-10d', amount: '100.00' })],
      event('sale', 's2', { of: 'u', at: '@-5d', amount: '100.00' }),
      ...[event('sale', 's3', { of: 'u', at: '@-1d', amount: '100.00' }), assign('s2', 'A')],
    ],
    balances: { A: '20.00' },
    events: { s1: 'orphaned before_click', s2: 'settled', s3: 'settled' },
  },
  {
    rule: 1,
    name: 'An assignment counts from the date that it names',
    steps: [
      ...[A, TEN_PERCENT, event('sale', 's1', { of: 'u', at: '@-10d', amount: '100.00' })],
      event('sale', 's2', { of: 'u', at: '@-5d', amount: '100.00' }),
      assign('s2', 'A', { from: '@-20d' }),
    ],
    balances: { A: '20.00' },
  },
  {
    rule: 2,
    name: 'A customer who is known by click and by id has one CPA',
    steps: [
      ...[
        A,
        deal(terms(CPA)),
        click('C', 'A', '@-3d'),
        event('registration', 'r', { of: 'u', by: 'C', at: '@-2d' }),
      ],
      event('ftd', 'trk-9', { by: 'C', at: '@-1d', amount: '100.00' }),
      event('ftd', 'crm-9', { of: 'u', at: '@-20h', amount: '100.00' }),
    ],
    balances: { A: '200.00' },
  },
  {
    rule: 2,
    name: 'A customer has one CPA although the event by click comes before the one that binds',
    steps: [
      ...[
        A,
        deal(terms(CPA)),
        click('C', 'A', '@-3d'),
        event('ftd', 'trk-9', { by: 'C', at: '@-1d', amount: '100.00' }),
      ],
      event('ftd', 'crm-9', { of: 'u', by: 'C', at: '@-20h', amount: '100.00' }),
    ],
    balances: { A: '200.00' },
  },
  {
    rule: 2,
    name: 'Fraud of a customer reaches what is known by click only',
    steps: [
      ...[
        A,
        deal(terms(CPA)),
        click('C', 'A', '@-3d'),
        event('ftd', 'trk-9', { by: 'C', at: '@-2d', amount: '100.00' }),
      ],
      event('registration', 'r', { of: 'u', by: 'C', at: '@-1d' }),
      event('fraud', 'x', { of: 'u', at: '@-1h' }),
    ],
    balances: { A: '0.00' },
  },
  {
    rule: 2,
    name: 'Steps by new customers count a customer known by click and by id once',
    // One customer: the step of 10 %, of 1,000.00.
    steps: [
      A,
      deal(
        terms({
          kind: 'revshare',
          on: ['revenue'],
          tiers: {
            metric: 'ftd_count',
            mode: 'retroactive',
            steps: [
              {
                from: '0',
                percent: '10',
              },
              {
                from: '2',
                percent: '20',
              },
            ],
          },
        }),
      ),
      ...[
        click('C', 'A', '@month-1.08T12:00'),
        event('registration', 'r', { of: 'u', by: 'C', at: '@month-1.09T12:00' }),
      ],
      event('ftd', 'f1', { by: 'C', at: '@month-1.10T12:00', amount: '50.00' }),
      event('ftd', 'f2', { of: 'u', at: '@month-1.11T12:00', amount: '50.00' }),
      event('revenue', 'r1', { of: 'u', at: '@month-1.12T12:00', amount: '1000.00' }),
    ],
    balances: { A: '100.00' },
  },
  ...[
    {
      id: 'p1',
      amount: '100.00',
      sum: '0.00',
      name: 'An ftd and a deposit under one id are one payment and count once',
    },
    {
      id: 'p2',
      amount: '100.00',
      sum: '200.00',
      name: 'An ftd and a deposit under two ids are two payments',
    },
    {
      id: 'p1',
      amount: '250.00',
      sum: '200.00',
      name: 'Of one payment told twice with two amounts the larger counts',
    },
  ].map(({ id, amount, sum, name }): Story => ({
    rule: 2,
    name,
    steps: [
      A,
      deal(
        terms({
          kind: 'cpa',
          on: ['ftd', 'deposit'],
          amount: '200.00',
          min_amount: '200.00',
          qualify: 'cumulative',
        }),
      ),
      ...[
        click('C', 'A', '@-3d'),
        event('ftd', 'p1', {
          of: 'u',
          by: 'C',
          at: '@-2d',
          amount: '100.00',
        }),
      ],
      {
        ...event('deposit', id, {
          of: 'u',
          at: '@-1d',
          amount,
        }),
        as: 'later',
      },
    ],
    balances: { A: sum },
  })),
  {
    rule: 3,
    name: 'An event that waits for a rate binds its customer',
    // A: 10 % of 1,000 EUR at 1.1 and of 100.00 USD.
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-30h'), click('C2', 'B', '@-20h')],
      event('ftd', 'f', { of: 'u', by: 'C', at: '@-25h', amount: '1000.00', currency: 'EUR' }),
      event('deposit', 'd', { of: 'u', by: 'C2', at: '@-10h', amount: '100.00' }),
      rate('EUR', 'USD', '1.1', '@-2d'),
    ],
    balances: { A: '120.00', B: '0.00' },
    events: { f: 'settled', d: 'settled' },
  },
  {
    rule: 3,
    name: 'An event whose rate never comes binds its customer too',
    steps: [
      ...[A, B, TEN_PERCENT, click('C', 'A', '@-30h'), click('C2', 'B', '@-20h')],
      event('ftd', 'f', { of: 'u', by: 'C', at: '@-25h', amount: '1000.00', currency: 'EUR' }),
      event('deposit', 'd', { of: 'u', by: 'C2', at: '@-10h', amount: '100.00' }),
    ],
    balances: { A: '10.00', B: '0.00' },
    events: { f: 'set_aside no_exchange_rate' },
  },
  {
    rule: 3,
    name: 'An event that waits for a rate binds its customer when the event that had bound it is voided',
    // 10 % of the last sale.
    steps: [
      ...[A, TEN_PERCENT, click('C', 'A', '@-4d')],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-3d', amount: '50.00' }),
      event('sale', 's2', { of: 'u', by: 'C', at: '@-2d', amount: '1000.00', currency: 'EUR' }),
      ...[event('sale', 's3', { of: 'u', at: '@-1d', amount: '100.00' }), decide('void', 's1')],
    ],
    balances: { A: '10.00' },
    events: { s1: 'voided', s2: 'set_aside no_exchange_rate', s3: 'settled' },
  },
  {
    rule: 3,
    name: 'An event that lacks its payout binds its customer',
    steps: [
      ...[
        A,
        B,
        deal(terms(PERCENT, { payout: 'require' })),
        click('C', 'A', '@-3d'),
        click('C2', 'B', '@-2d'),
      ],
      event('sale', 's1', { of: 'u', by: 'C', at: '@-50h', amount: '100.00' }),
      event('sale', 's2', { of: 'u', by: 'C2', at: '@-1d', amount: '100.00', more: { payout: '5.00' } }),
    ],
    balances: { A: '5.00', B: '0.00' },
    events: { s1: 'set_aside payout_required' },
  },
  {
    rule: 1,
    name: 'Within a click window of a year an event half a year after its click counts',
    steps: [
      A,
      YEAR,
      TEN_PERCENT,
      click('C', 'A', '@-200d'),
      event('sale', 's1', { of: 'u', by: 'C', at: '@-10d', amount: '100.00' }),
    ],
    balances: { A: '10.00' },
  },
  {
    rule: 2,
    name: 'A conversion that left an affiliate with a deal of its own is amended and charged back where it is now',
    // B: nothing of what it had by its own deal; A: 10 % of 200.00, and then of nothing.
    steps: [
      ...[A, B, TEN_PERCENT, deal(terms(PERCENT), { affiliate_id: '$B' }, 'OWN'), click('C', 'B', '@-9d')],
      event('registration', 'r', { of: 'u', by: 'C', at: '@-8d' }),
      event('sale', 's1', { of: 'u', at: '@-3d', amount: '100.00' }),
      event('sale', 's2', { of: 'u', at: '@-2d', amount: '50.00' }),
      ...[reassign('u', 'A', '@-5d'), amend('s1', { amount: '200.00' }), against('chargeback', 'c', 's2')],
    ],
    balances: { A: '20.00', B: '0.00' },
    events: { s1: 'settled', s2: 'settled', c: 'settled' },
  },
];
