// Words for set-aside events: what they lack, and what mends it.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import { describeSetAside, lackedRate, type SetAsideGroup } from '../../../domain/settlement/set-aside.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { anEvent, DAY_MS, NOON, wireTerms } from '../../support/builders.ts';
import { settledOneByOne } from '../../support/settle-in-memory.ts';

const GROUP: SetAsideGroup = {
  count: 3,
  sum: { minor: 125_000n, currency: 'GBP' },
  lacks: 'GBP→USD',
  firstDay: '2026-11-14',
  lastDay: '2026-11-16',
};
const one: SetAsideGroup = { ...GROUP, count: 1, lastDay: GROUP.firstDay };

const sentences: [string, string, SetAsideGroup, string][] = [
  [
    'several events that lack a rate',
    'no_exchange_rate',
    GROUP,
    '3 events of 1,250.00 GBP, 14–16 November 2026: no rate GBP→USD. POST /v1/fx-rates, then they are settled by themselves.',
  ],
  [
    'one event that lacks a rate',
    'no_exchange_rate',
    one,
    '1 event of 1,250.00 GBP, 14 November 2026: no rate GBP→USD. POST /v1/fx-rates, then it is settled by itself.',
  ],
  [
    'one event without its payout',
    'payout_required',
    { ...one, sum: null },
    '1 event, 14 November 2026: the deal requires a payout, and it has none. POST /v1/events/:id/amend with the payout, then it is settled by itself.',
  ],
  [
    'several events without their payouts',
    'payout_required',
    GROUP,
    '3 events of 1,250.00 GBP, 14–16 November 2026: the deal requires a payout, and they have none. POST /v1/events/:id/amend with the payout, then they are settled by themselves.',
  ],
  [
    'one reversal of another customer',
    'customer_mismatch',
    one,
    "1 reversal of 1,250.00 GBP, 14 November 2026: its reference is of another customer's conversion. Send it again under a new transaction_id with the right reference, then POST /v1/set-aside/:event_id/dismiss.",
  ],
  [
    'several reversals of other customers',
    'customer_mismatch',
    GROUP,
    "3 reversals of 1,250.00 GBP, 14–16 November 2026: their references are of another customer's conversion. Send them again under a new transaction_id with the right reference, then POST /v1/set-aside/:event_id/dismiss.",
  ],
  [
    'events whose rule failed',
    'rule_failed',
    GROUP,
    '3 events of 1,250.00 GBP, 14–16 November 2026: a rule failed, which is a defect. Deploy its fix, then POST /v1/set-aside/:event_id/retry.',
  ],
  [
    'events whose rows were refused',
    'refused_by_database',
    one,
    '1 event of 1,250.00 GBP, 14 November 2026: PostgreSQL refused what it came to, a defect or an amount too large. Deploy the fix, or POST /v1/events/:id/amend with the right amount, then POST /v1/set-aside/:event_id/retry.',
  ],
  [
    'events with a reason of a later version',
    'unheard_of',
    one,
    '1 event of 1,250.00 GBP, 14 November 2026: unheard_of.',
  ],
];
for (const [title, reason, group, sentence] of sentences)
  test(`set aside, ${title}: the sentence says what is missing and which call mends it`, () => {
    assert.equal(describeSetAside(reason, group), sentence);
  });

const days: [string, string, string][] = [
  ['2026-11-04', '2026-11-04', '4 November 2026'],
  ['2026-11-04', '2026-11-30', '4–30 November 2026'],
  ['2026-10-31', '2026-11-02', '31 October – 2 November 2026'],
  ['2025-11-04', '2026-11-04', '4 November 2025 – 4 November 2026'],
];
for (const [firstDay, lastDay, words] of days)
  test(`the days ${firstDay} to ${lastDay} of set-aside events read ${words}`, () => {
    assert.ok(
      describeSetAside('rule_failed', { ...GROUP, firstDay, lastDay }).includes(`GBP, ${words}: `),
      words,
    );
  });

test('the sum of set-aside events keeps its digits, and thousands are apart', () => {
  assert.match(
    describeSetAside('rule_failed', { ...one, sum: { minor: -1_234_567_89n, currency: 'USD' } }),
    /of -1,234,567\.89 USD,/,
  );
  assert.match(describeSetAside('rule_failed', { ...one, count: 12_345 }), /^12,345 events of/);
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (minor) => {
      const sentence = describeSetAside('rule_failed', { ...one, sum: { minor, currency: 'KWD' } });
      const [, sum = ''] = / of (\S+) KWD,/.exec(sentence)!;
      assert.match(sum, /^-?\d{1,3}(,\d{3})*\.\d{3}$/);
      assert.equal(BigInt(sum.replace(/[,.]/g, '')), minor);
    }),
  );
});

test('a missing rate is named by its currencies and the day in UTC from which one must hold', () => {
  assert.equal(lackedRate('GBP', 'USD', Date.parse('2026-11-14T23:59:59.999Z')), 'GBP→USD on 2026-11-14');
});

describe('an event set aside for lack of an exchange rate', () => {
  const sale = anEvent({ transactionId: 's' });
  const later = { occurredAt: NOON + 3 * DAY_MS, currency: 'EUR', amountMinor: 5_00n };
  const paid = { ...wireTerms(), payout: 'accept' } as const;

  for (const [title, events, detail, terms] of [
    ['the pair and day of its amount', [anEvent({ currency: 'GBP' })], 'GBP→USD on 2026-03-15'],
    [
      'the pair and day of its payout, where that is in another currency than its amount',
      [anEvent({ currency: 'GBP', operatorPayoutMinor: 1_00n, operatorPayoutCurrency: 'CHF' })],
      'CHF→USD on 2026-03-15',
      paid,
    ],
    [
      'as a refund, the missing rate of the conversion’s day',
      [sale, anEvent({ type: 'refund', reference: 's', ...later })],
      'EUR→USD on 2026-03-15',
    ],
    [
      'as a refund that waited for its conversion, the missing rate of the conversion’s day',
      [
        anEvent({ type: 'refund', reference: 'late', ...later }),
        anEvent({ transactionId: 'late', occurredAt: NOON + DAY_MS }),
      ],
      'EUR→USD on 2026-03-16',
    ],
  ] as [string, ConversionEvent[], string, Partial<WireTerms>?][])
    test(`an event without a rate names ${title}`, () => {
      const settling = settledOneByOne(terms ?? {}, events);
      const details = [...settling.outcomes.values()].flatMap((outcome) => outcome.detail ?? []);
      assert.deepEqual(details, [detail]);
    });
});
