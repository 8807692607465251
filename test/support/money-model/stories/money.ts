// Stories of rules 13 and 14: placeholders at the door; lots, symbols, payouts and currencies.
/* oxlint-disable unicorn/no-useless-spread -- groups fields and steps that belong together on a line */
import {
  affiliate,
  against,
  click,
  currency,
  deal,
  event,
  newOperator,
  rate,
  refused,
  type ApiStep,
} from '../steps.ts';
import { CPA, PERCENT, REVSHARE, terms, type Story } from './story.ts';

const A = affiliate('A');
const CLICK = click('C', 'A', '@-9d');
const trade = (id: string, volume: string, more: Readonly<Record<string, unknown>> = {}) =>
  event('trade', id, { of: 'u', by: 'C', at: '@-8d', more: { volume, ...more } });
const lot = (amount: string, more: Readonly<Record<string, unknown>> = {}) => ({
  kind: 'per_lot',
  on: ['trade'],
  amount,
  ...more,
});

const lots = (name: string, amount: string, trades: readonly string[], sum: string): Story => ({
  rule: 14,
  name,
  balances: { A: sum },
  steps: [A, CLICK, deal(terms(lot(amount))), ...trades.map((volume, index) => trade(`t${index}`, volume))],
});

const WORDS = [
  '{click_id}',
  '%7Bclick_id%7D',
  '[clickid]',
  '#s2#',
  'undefined',
  'null',
  'None',
  'NaN',
  '[object Object]',
  '0',
  '  ',
];
const ftd = event('ftd', 'f', { of: 'u', by: 'C', at: '@-8d', amount: '100.00' });

const DOOR: readonly Story[] = [
  {
    rule: 13,
    name: 'A placeholder is no customer',
    steps: [
      ...[A, CLICK, deal(terms(CPA))],
      ...WORDS.map((word, index) =>
        refused(
          event('ftd', `x${index}`, { of: word, by: 'C', at: '@-8d', amount: '100.00' }),
          'placeholder',
        ),
      ),
      ftd,
    ],
    balances: { A: '200.00' },
  },
  {
    rule: 13,
    name: 'A placeholder is no click',
    steps: [
      ...[A, CLICK, deal(terms(CPA))],
      ...WORDS.map((word, index) =>
        refused(
          event('ftd', `x${index}`, { of: 'v', at: '@-8d', amount: '100.00', more: { click_id: word } }),
          'placeholder',
        ),
      ),
      ftd,
    ],
    balances: { A: '200.00' },
  },
  {
    rule: 13,
    name: 'A placeholder is no transaction id',
    steps: [
      ...[A, CLICK, deal(terms(CPA))],
      refused(
        event('ftd', '{transaction_id}', { of: 'v', by: 'C', at: '@-8d', amount: '100.00' }),
        'placeholder',
      ),
      ftd,
    ],
    balances: { A: '200.00' },
  },
  {
    rule: 13,
    name: 'Times before 2000 and eight digits are no times',
    // The second ftd would be the first, and too small.
    steps: [
      ...[A, CLICK, deal(terms({ ...CPA, min_amount: '100.00' })), ftd],
      ...[0, 20261128, '20261128', '1999-12-31T23:59:59Z'].map((at, index) =>
        refused(event('ftd', `x${index}`, { of: 'u', amount: '20.00', more: { occurred_at: at } })),
      ),
    ],
    balances: { A: '200.00' },
  },
  {
    rule: 13,
    name: 'Numbers are ids, and empty text is no value',
    steps: [
      ...[
        A,
        CLICK,
        deal(terms(CPA)),
        event('ftd', 'f', {
          at: '@-8d',
          amount: '100.00',
          by: 'C',
          more: { customer_id: 12345, coupon: '' },
        }),
      ],
      event('ftd', 'f2', { of: '12345', at: '@-7d', amount: '100.00', more: { click_id: '' } }),
    ],
    balances: { A: '200.00' },
  },
];

const CARRIED: ApiStep[] = [A, CLICK, deal(terms({ ...REVSHARE, percent: '33.3333' }))];

export const MONEY: readonly Story[] = [
  ...DOOR,
  lots('A lot may pay parts of a cent', '4.125', ['2'], '8.25'), // 2 × 4.125
  lots('Lots are rounded once a month', '0.005', ['1', '1', '1', '1', '1', '1'], '0.03'), // 6 × 0.005; alone each would be 0
  lots('A lot may pay six decimals', '0.000125', ['80000'], '10.00'), // 80,000 × 0.000125
  lots('Micro lots add up', '4.125', ['0.01', '0.01', '0.02'], '0.16'), // 0.04 × 4.125 = 0.165, to the even cent
  {
    rule: 14,
    name: 'A group of symbols has its own rate, and other trades have the general one',
    // 2 × 10.00 and 3 × 4.00.
    steps: [
      A,
      CLICK,
      deal({ components: [lot('10.00', { symbol_group: 'metals' }), lot('4.00')] }),
      trade('t1', '2', { symbol_group: 'metals' }),
      trade('t2', '3'),
    ],
    balances: { A: '32.00' },
  },
  {
    rule: 14,
    name: 'Symbols may be named by their beginning',
    // 10.00 for gold, 4.00 for EURUSD.
    steps: [
      A,
      CLICK,
      deal({ components: [lot('10.00', { symbols: ['XAU*', 'XAGUSD'] }), lot('4.00')] }),
      trade('t1', '1', { symbol: 'XAUUSD' }),
      trade('t2', '1', { symbol: 'EURUSD' }),
    ],
    balances: { A: '14.00' },
  },
  {
    rule: 14,
    name: 'A trade of a symbol that no rate names pays nothing',
    steps: [
      A,
      CLICK,
      deal(terms(lot('10.00', { symbols: ['XAU*'] }))),
      trade('t1', '1', { symbol: 'EURUSD' }),
      trade('t2', '1', { symbol: 'XAUEUR' }),
    ],
    balances: { A: '10.00' },
  },
  {
    rule: 14,
    name: 'A payout may be in another currency than the amount',
    steps: [
      ...[A, CLICK, deal(terms(PERCENT, { payout: 'accept' }))],
      event('sale', 's', {
        of: 'u',
        by: 'C',
        at: '@-8d',
        amount: '15000',
        currency: 'JPY',
        more: { payout: '25.00', payout_currency: 'USD' },
      }),
    ],
    balances: { A: '25.00' },
  },
  {
    rule: 14,
    name: 'A payout in a foreign currency is converted at the rate of its time',
    // 20.00 EUR at 1.1; the 10 % of the amount do not count.
    steps: [
      ...[A, CLICK, deal(terms(PERCENT, { payout: 'accept' })), rate('EUR', 'USD', '1.1', '@-20d')],
      event('sale', 's', {
        of: 'u',
        by: 'C',
        at: '@-8d',
        amount: '1000.00',
        more: { payout: '20.00', payout_currency: 'EUR' },
      }),
    ],
    balances: { A: '22.00' },
  },
  {
    rule: 14,
    name: 'An operator may add a currency with six decimals',
    // 10 % of 1.000005, halves to the even: 0.1000005.
    steps: [
      ...[A, CLICK, currency('USDT', 6), deal(terms(PERCENT, { currency: 'USDT' }))],
      event('sale', 's', { of: 'u', by: 'C', at: '@-8d', amount: '1.000005', currency: 'USDT' }),
    ],
    balances: { A: { USDT: '0.100000' } },
  },
  {
    rule: 14,
    name: 'An operator may add a currency with eight decimals',
    // 25 % of 0.00000012.
    steps: [
      ...[A, CLICK, currency('BTC', 8), deal(terms(REVSHARE, { currency: 'BTC' }))],
      event('revenue', 'r', { of: 'u', by: 'C', at: '@-8d', amount: '0.00000012', currency: 'BTC' }),
    ],
    balances: { A: { BTC: '0.00000003' } },
  },
  {
    rule: 14,
    name: 'Refunds in a currency without decimals are rounded on what is reversed',
    // 250, less 250 × 833 / 2,500 = 83.3.
    steps: [
      ...[newOperator({ currency: 'JPY' }), A, CLICK, deal(terms(PERCENT))],
      event('sale', 's', { of: 'u', by: 'C', at: '@-8d', amount: '2500', currency: 'JPY' }),
      against('refund', 'x', 's', { at: '@-7d', amount: '833', currency: 'JPY' }),
    ],
    balances: { A: { JPY: '167' } },
  },
  {
    rule: 14,
    name: 'A refund in another currency is measured at the rate of its time',
    // 40.00 EUR at 1.25 are half of 100.00.
    steps: [
      ...[A, CLICK, deal(terms(PERCENT)), rate('EUR', 'USD', '1.25', '@-20d')],
      event('sale', 's', { of: 'u', by: 'C', at: '@-8d', amount: '100.00' }),
      against('refund', 'x', 's', { at: '@-7d', amount: '40.00', currency: 'EUR' }),
    ],
    balances: { A: '5.00' },
  },
  {
    rule: 14,
    name: 'A share of many currencies is rounded once',
    // 10.00 + 5.00 EUR at 1.2 + 101 JPY at 0.01 = 17.01, of which 33.3333 % is 5.66999…
    steps: [
      ...[...CARRIED, rate('EUR', 'USD', '1.2', '@-20d'), rate('JPY', 'USD', '0.01', '@-20d')],
      event('revenue', 'r1', { of: 'u', by: 'C', at: '@-8d', amount: '10.00' }),
      event('revenue', 'r2', { of: 'u', at: '@-8d', amount: '5.00', currency: 'EUR' }),
      event('revenue', 'r3', { of: 'u', at: '@-8d', amount: '101', currency: 'JPY' }),
    ],
    balances: { A: '5.67' },
  },
  ...(
    [
      ['half_even', '0.02'],
      ['half_up', '0.03'],
      ['down', '0.02'],
    ] as const
  ).map(([mode, sum]): Story => ({
    rule: 14,
    name: `Half a cent is rounded ${mode} where the deal says so`,
    // 10 % of 0.25 is 0.025.
    steps: [
      A,
      CLICK,
      deal(terms(PERCENT, { rounding: mode })),
      event('sale', 's', { of: 'u', by: 'C', at: '@-8d', amount: '0.25' }),
    ],
    balances: { A: sum },
  })),
];
