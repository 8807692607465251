// Set-aside reasons in words: what the events lack, how many they are and of when, and the call
// that mends it.
import { formatMoney } from '../ledger/money.ts';

/**
 * Events set aside for one reason. `sum`: of their amounts, null where none has one. `lacks`: the
 * missing exchange rate, as `lackedRate` writes it. Days are ISO dates.
 */
export type SetAsideGroup = {
  count: number;
  sum: { minor: bigint; currency: string } | null;
  lacks: string | null;
  firstDay: string;
  lastDay: string;
};

type Words = {
  noun: 'event' | 'reversal';
  lacks: (group: SetAsideGroup) => string;
  mend: (isOne: boolean) => string;
};

const settled = (isOne: boolean): string =>
  isOne ? 'then it is settled by itself' : 'then they are settled by themselves';

const SET_ASIDE = {
  no_exchange_rate: {
    noun: 'event',
    lacks: ({ lacks }) => `no rate ${lacks ?? 'between their currencies'}`,
    mend: (isOne) => `POST /v1/fx-rates, ${settled(isOne)}.`,
  },
  payout_required: {
    noun: 'event',
    lacks: ({ count }) => `the deal requires a payout, and ${count === 1 ? 'it has' : 'they have'} none`,
    mend: (isOne) => `POST /v1/events/:id/amend with the payout, ${settled(isOne)}.`,
  },
  customer_mismatch: {
    noun: 'reversal',
    lacks: ({ count }) =>
      `${count === 1 ? 'its reference is' : 'their references are'} of another customer's conversion`,
    mend: (isOne) =>
      `Send ${isOne ? 'it' : 'them'} again under a new transaction_id with the right reference, ` +
      'then POST /v1/set-aside/:event_id/dismiss.',
  },
  rule_failed: {
    noun: 'event',
    lacks: () => 'a rule failed, which is a defect',
    mend: () => 'Deploy its fix, then POST /v1/set-aside/:event_id/retry.',
  },
  refused_by_database: {
    noun: 'event',
    lacks: () => 'PostgreSQL refused what it came to, a defect or an amount too large',
    mend: () =>
      'Deploy the fix, or POST /v1/events/:id/amend with the right amount, ' +
      'then POST /v1/set-aside/:event_id/retry.',
  },
} as const satisfies Record<string, Words>;

/** Why an event is set aside. */
export type SetAsideReason = keyof typeof SET_ASIDE;
export const SET_ASIDE_REASONS = Object.keys(SET_ASIDE) as [SetAsideReason, ...SetAsideReason[]];

/**
 * What a group of set-aside events lacks, and what mends it: "3 events of 1,250.00 GBP, 14–16
 * November 2026: no rate GBP→USD. POST /v1/fx-rates, then they are settled by themselves."
 */
export function describeSetAside(reason: string, group: SetAsideGroup): string {
  const words: Words | undefined = (SET_ASIDE as Record<string, Words>)[reason];
  const { count, sum, firstDay, lastDay } = group;
  const isOne = count === 1;
  const noun = words?.noun ?? 'event';
  const money =
    sum === null ? '' : ` of ${withThousands(formatMoney(sum.minor, sum.currency))} ${sum.currency}`;
  const events = `${withThousands(String(count))} ${noun}${isOne ? '' : 's'}${money}`;
  const lacking = words ? `${words.lacks(group)}. ${words.mend(isOne)}` : `${reason}.`;
  return `${events}, ${daysInWords(firstDay, lastDay)}: ${lacking}`;
}

/** The missing rate of an outcome's detail: "GBP→USD on 2026-11-14". */
export function lackedRate(base: string, quote: string, moment: number): string {
  return `${base}→${quote} on ${new Date(moment).toISOString().slice(0, 10)}`;
}

const MONTHS = 'January February March April May June July August September October November December';

/** "14 November 2026", "14–16 November 2026", "30 October – 2 November 2026". */
function daysInWords(first: string, last: string): string {
  const [from, to] = [partsOf(first), partsOf(last)];
  const end = `${to.day} ${to.month} ${to.year}`;
  if (first === last) return end;
  if (from.year !== to.year) return `${from.day} ${from.month} ${from.year} – ${end}`;
  return from.month === to.month ? `${from.day}–${end}` : `${from.day} ${from.month} – ${end}`;
}

function partsOf(date: string): { day: number; month: string; year: string } {
  const [year = '', month, day] = date.split('-');
  return { day: Number(day), month: MONTHS.split(' ')[Number(month) - 1]!, year };
}

/** Groups the digits of a decimal's whole part: "1,250.00". */
function withThousands(decimal: string): string {
  return decimal.replace(/^-?\d+/, (whole) => whole.replace(/\d(?=(\d{3})+$)/g, '$&,'));
}
