// Settlement, story by story: outcomes, booked amounts, and the order of messages to affiliates.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BatchLedger } from '../../../domain/settlement/batch-ledger.ts';
import { hashOf } from '../../../domain/settlement/slot.ts';
import { postedOf } from '../../../domain/ledger/transfers.ts';
import { attributeAll, RuleError, settleAll } from '../../../domain/settlement/settlement.ts';
import type { WireTerms } from '../../../domain/commission/terms.ts';
import type { Binding, Click, ConversionEvent, DealVersion } from '../../../domain/types.ts';
import { anEvent, aVersion, DAY_MS, NOON } from '../../support/builders.ts';
import { createMemorySettling, OPERATOR, type MemorySettling } from '../../support/memory-store.ts';
import { rateAll } from '../../../domain/settlement/rating.ts';

const HYBRID: Partial<WireTerms> = {
  components: [
    { kind: 'cpa', on: 'ftd', amount: '200', min_amount: '100' },
    { kind: 'revshare', on: 'revenue', percent: '25' },
    { kind: 'percent', on: ['sale', 'ftd'], percent: '10' },
    { kind: 'per_lot', on: 'trade', amount: '4' },
  ],
};

/** Settles batch after batch for customer `c` of affiliate `aff_a`. */
function settled(
  batches: readonly (readonly ConversionEvent[])[],
  ...versions: DealVersion[]
): MemorySettling {
  const settling = createMemorySettling(versions.length > 0 ? versions : [aVersion(HYBRID)], {
    affiliateByCustomer: { c: 'aff_a' },
  });
  for (const batch of batches) settling.settle(batch);
  return settling;
}

/**
 * Reported messages in order: `created:ftd +200.00=200.00` is a delta of 200.00 and a sum of 200.00
 * so far.
 */
function reportsOf({ messages }: MemorySettling): string[] {
  return messages.map(({ type, event, deltaMinor, reportedMinor }) => {
    return `${type.replace('conversion.', '')}:${event?.type} ${deltaMinor >= 0n ? '+' : ''}${deltaMinor}=${reportedMinor}`;
  });
}

/** Booked amounts by kind of slot. */
function bookedBy({ slots }: MemorySettling): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const { name, money } of slots.values()) sums[name.kind] = (sums[name.kind] ?? 0n) + postedOf(money);
  return sums;
}

const later = (days: number): { occurredAt: number } => ({ occurredAt: NOON + days * DAY_MS });

describe('settling', () => {
  test('a first deposit on a hybrid deal earns in both slots and is reported once', () => {
    const settling = settled([[anEvent({ type: 'ftd', amountMinor: 500_00n })]]);
    assert.deepEqual(bookedBy(settling), { cpa: 200_00n, percent: 50_00n });
    assert.deepEqual(reportsOf(settling), ['created:ftd +25000=25000']);
  });

  test('an event that earns nothing is reported with a zero amount', () => {
    assert.deepEqual(reportsOf(settled([[anEvent({ type: 'kyc', amountMinor: null })]])), [
      'created:kyc +0=0',
    ]);
  });

  test('an event of an affiliate without a deal is settled and reported in the operator’s currency', () => {
    const settling = settled([[anEvent()]], aVersion({}, { affiliateId: 'aff_b' }));
    assert.deepEqual(bookedBy(settling), {});
    assert.deepEqual([settling.messages[0]!.reportedMinor, settling.messages[0]!.currency], [0n, 'USD']);
  });

  test('the same batch twice, and the same event twice in a batch, change nothing', () => {
    const batch = [anEvent(), anEvent({ type: 'revenue' })];
    const once = settled([batch]);
    const thrice = settled([[...batch, ...batch], batch, batch.slice(1)]);
    assert.deepEqual(bookedBy(thrice), bookedBy(once));
    assert.deepEqual(reportsOf(thrice), reportsOf(once));
  });

  test('a chargeback of a first deposit reverses both slots and is reported as one reversal', () => {
    const ftd = anEvent({ type: 'ftd', amountMinor: 500_00n });
    const settling = settled([[ftd], [anEvent({ type: 'chargeback', reference: ftd.transactionId })]]);
    assert.deepEqual(bookedBy(settling), { cpa: 0n, percent: 0n });
    assert.deepEqual(reportsOf(settling), ['created:ftd +25000=25000', 'reversed:chargeback -25000=0']);
  });

  test('a chargeback that arrives first waits and is reported after its conversion', () => {
    const ftd = anEvent({ type: 'ftd', amountMinor: 500_00n });
    const chargeback = anEvent({ type: 'chargeback', reference: ftd.transactionId });
    const settling = createMemorySettling([aVersion(HYBRID)], { affiliateByCustomer: { c: 'aff_a' } });
    settling.settle([chargeback]);
    assert.deepEqual(settling.outcomes.get(chargeback.id)?.reason, 'no_conversion');
    settling.settle([ftd]);
    assert.equal(settling.outcomes.get(chargeback.id)?.status, 'settled');
    assert.deepEqual(reportsOf(settling), ['created:ftd +25000=25000', 'reversed:chargeback -25000=0']);
  });

  test('a chargeback without a reference is reported for each conversion it reverses', () => {
    const batch = [
      anEvent({ type: 'sale' }),
      anEvent({ type: 'kyc' }),
      anEvent({ type: 'sale', amountMinor: 50_00n }),
    ];
    const settling = settled([batch, [anEvent({ type: 'fraud', amountMinor: null, ...later(1) })]]);
    assert.deepEqual(reportsOf(settling).slice(3), ['reversed:fraud -1000=0', 'reversed:fraud -500=0']);
  });

  test('a customer’s clawback that arrives before a conversion it covers reverses that conversion too', () => {
    const settling = settled([[anEvent({ type: 'fraud', amountMinor: null, ...later(1) })], [anEvent()]]);
    assert.deepEqual(reportsOf(settling), ['created:sale +1000=1000', 'reversed:fraud -1000=0']);
  });

  test('refunds of a third each are rounded together, not one by one', () => {
    const sale = anEvent({ type: 'sale', amountMinor: 1_00n });
    const refund = (amountMinor: bigint) =>
      anEvent({ type: 'refund', reference: sale.transactionId, amountMinor });
    const settling = settled([[sale], [refund(33n)], [refund(33n)], [refund(34n)]]);
    assert.deepEqual(reportsOf(settling), [
      'created:sale +10=10',
      'reversed:refund -3=7',
      'reversed:refund -4=3',
      'reversed:refund -3=0',
    ]);
  });

  test('a chargeback that is won back reinstates exactly the amount it reversed', () => {
    const sale = anEvent();
    const refund = anEvent({ type: 'refund', reference: sale.transactionId, amountMinor: 25_00n });
    const chargeback = anEvent({ type: 'chargeback', reference: sale.transactionId });
    const won = anEvent({ type: 'chargeback_won', reference: sale.transactionId });
    const expected = [
      'created:sale +1000=1000',
      'reversed:refund -250=750',
      'reversed:chargeback -750=0',
      'reinstated:chargeback_won +750=750',
    ];
    assert.deepEqual(reportsOf(settled([[sale], [refund], [chargeback], [won]])), expected);
    assert.deepEqual(bookedBy(settled([[won], [chargeback, refund], [sale]])), { percent: 7_50n });
  });

  test('an earlier deposit that arrives later becomes the first one and moves the CPA away from the other', () => {
    const first = anEvent({ type: 'ftd', amountMinor: 50_00n });
    const second = anEvent({ type: 'ftd', amountMinor: 500_00n, ...later(1) });
    const settling = settled([[second], [first]]);
    assert.deepEqual(bookedBy(settling), { cpa: 0n, percent: 55_00n });
    assert.deepEqual(reportsOf(settling), [
      'created:ftd +25000=25000',
      'created:ftd +500=500',
      'adjusted:undefined -20000=5000',
    ]);
  });

  test('a month that falls below zero pays nothing, and pays again when it rises', () => {
    const revenue = (amountMinor: bigint) => anEvent({ type: 'revenue', amountMinor });
    const settling = settled([[revenue(100_00n)], [revenue(-300_00n)], [revenue(400_00n)]]);
    assert.deepEqual(reportsOf(settling), [
      'created:revenue +2500=2500',
      'created:revenue -2500=-2500',
      'created:revenue +5000=5000',
    ]);
  });

  test('the events of a batch are reported in the order they happened, each with what it changed', () => {
    const gain = anEvent({ type: 'revenue', amountMinor: 400_00n, ...later(1) });
    const loss = anEvent({ type: 'revenue', amountMinor: -300_00n });
    assert.deepEqual(reportsOf(settled([[gain, loss]])), [
      'created:revenue +0=0',
      'created:revenue +2500=2500',
    ]);
  });

  test('events are rated by the deal version of their own date, also when they arrive later', () => {
    const versions = [
      aVersion(),
      aVersion({ components: [{ kind: 'percent', percent: '20' }] }, { version: 2, effectiveFrom: NOON }),
    ];
    const settling = settled([[anEvent()], [anEvent({ occurredAt: NOON - 1 })]], ...versions);
    assert.deepEqual(reportsOf(settling), ['created:sale +2000=2000', 'created:sale +1000=1000']);
  });

  for (const [timezone, begins] of [
    ['UTC', Date.UTC(2026, 3, 1)],
    ['Europe/Berlin', Date.UTC(2026, 2, 31, 22)],
    ['America/New_York', Date.UTC(2026, 3, 1, 4)],
  ] as const) {
    test(`a month belongs to the operator’s calendar in ${timezone}`, () => {
      const operator = { ...OPERATOR, timezone, zones: [{ zone: timezone, since: -Infinity }] };
      const settling = createMemorySettling([aVersion(HYBRID)], {
        affiliateByCustomer: { c: 'aff_a' },
        operator,
      });
      settling.settle([begins - 1, begins].map((occurredAt) => anEvent({ type: 'revenue', occurredAt })));
      assert.deepEqual(
        Array.from(settling.slots.values(), ({ name }) => name.period),
        ['2026-03', '2026-04'],
      );
    });
  }
});

describe('an event is left out of settlement', () => {
  const euros = (changes: Partial<ConversionEvent>): ConversionEvent =>
    anEvent({ currency: 'EUR', ...changes });
  for (const [title, event, expected] of [
    [
      'an event is set aside when its amount is in a currency without a rate',
      euros({ type: 'sale' }),
      'set_aside no_exchange_rate',
    ],
    [
      'an event in a currency without a rate is settled when no component needs the amount',
      euros({ type: 'trade', volumeE4: 1_0000n }),
      'settled null',
    ],
    [
      'an event in a currency without a rate is settled when no component pays for its type',
      euros({ type: 'deposit' }),
      'settled null',
    ],
    [
      'an event is set aside when a minimum must be compared with a currency without a rate',
      euros({ type: 'ftd' }),
      'set_aside no_exchange_rate',
    ],
    [
      'an event is orphaned when no affiliate brought its customer',
      anEvent({ customerId: 'stranger' }),
      'orphaned no_evidence',
    ],
    [
      'a refund of an unknown transaction is orphaned',
      anEvent({ type: 'refund', reference: 'unheard-of' }),
      'orphaned no_conversion',
    ],
    [
      'a fraud of a customer without conversions is settled as nothing to reverse',
      anEvent({ type: 'fraud' }),
      'settled nothing_to_reverse',
    ],
    [
      'a fraud of an unknown customer is orphaned',
      anEvent({ type: 'fraud', customerId: 'stranger' }),
      'orphaned no_conversion',
    ],
  ] as const) {
    test(title, () => {
      const settling = settled([[event]]);
      const { status, reason } = settling.outcomes.get(event.id)!;
      assert.equal(`${status} ${reason}`, expected);
    });
  }

  for (const order of ['before', 'after']) {
    test(`a refund in another currency than its sale is left out of settlement, arriving ${order} the sale`, () => {
      const sale = anEvent();
      const refund = anEvent({
        type: 'refund',
        reference: sale.transactionId,
        amountMinor: 5000n,
        currency: 'JPY',
      });
      const settling = settled(order === 'before' ? [[refund], [sale]] : [[sale], [refund]]);
      assert.deepEqual(bookedBy(settling), { percent: 10_00n });
      assert.equal(settling.outcomes.get(refund.id)?.status, 'set_aside');
      assert.equal(settling.outcomes.get(refund.id)?.reason, 'no_exchange_rate');
      assert.deepEqual(reportsOf(settling), ['created:sale +1000=1000']);
    });
  }
});

describe('attribution within a batch', () => {
  const click: Click = {
    id: 'clk_1',
    affiliateId: 'aff_a',
    linkId: null,
    subs: ['s1', null, null, null, 's5'],
    clickedAt: NOON - DAY_MS,
  };
  const registration = anEvent({
    type: 'registration',
    clickId: click.id,
    amountMinor: null,
    currency: null,
  });
  const deposit = anEvent({ type: 'sale', occurredAt: NOON + 1, subs: ['mine', null, null, null, null] });

  for (const [title, batches] of [
    ['attribution carries over from the registration to later events', [[deposit, registration]]],
    ['attribution carries over to events of later batches', [[registration], [deposit]]],
    ['attribution carries back to events that arrived earlier', [[deposit], [registration]]],
  ] as const) {
    test(title, () => {
      const settling = createMemorySettling([aVersion()], { clicks: [click] });
      for (const batch of batches) settling.settle(batch);
      assert.deepEqual(settling.outcomes.get(deposit.id), {
        ...settling.outcomes.get(deposit.id),
        status: 'settled',
        affiliateId: 'aff_a',
      });
      const message = settling.messages.find(({ event }) => event?.id === deposit.id)!;
      assert.deepEqual([message.clickId, message.subs], ['clk_1', ['mine', null, null, null, 's5']]);
    });
  }

  test('attribution of a customer is never set by a reversal', () => {
    const chargeback = anEvent({ type: 'chargeback', clickId: click.id });
    const loaded = [chargeback, deposit].map((event) => {
      return {
        event,
        outcome: null,
        click: event.clickId ? click : null,
        binding: null,
      };
    });
    assert.equal(attributeAll(OPERATOR, loaded).get(deposit.id)?.kind, 'orphaned');
  });
});

test('a rule that fails names its event, so that only this event is set aside', () => {
  const binding: Binding = {
    customerId: 'c',
    affiliateId: 'aff_a',
    eventId: '',
    occurredAt: 0,
    click: null,
    since: 0,
  };
  const ordered = [anEvent(), anEvent()].map((event) => ({
    event,
    outcome: null,
    click: null,
    binding,
  }));
  const books = new Proxy({} as BatchLedger, {
    get: () => () => {
      throw new Error('out of paper');
    },
  });
  const attributions = attributeAll(OPERATOR, ordered);
  const rated = rateAll(OPERATOR, [aVersion()], ordered, attributions);
  const batch = { operator: OPERATOR, ordered, attributions, rated, rates: [], others: [] };
  const isAbout = (error: unknown): boolean =>
    error instanceof RuleError && error.eventId === ordered[0]!.event.id;
  assert.throws(() => settleAll(batch, books), isAbout);
});

test('the hash of a set of facts does not depend on their order, and differs for every fact', () => {
  const facts = Array.from({ length: 500 }, (_, i) => ({
    originalEventId: `evt_${i % 20}`,
    eventId: `evt_${i}`,
    revision: i % 3,
    type: 'sale' as const,
  }));
  const xor = (list: typeof facts): bigint => list.reduce((sum, fact) => sum ^ hashOf(fact), 0n);
  assert.equal(xor(facts), xor(facts.toReversed()));
  assert.equal(new Set(facts.map(hashOf)).size, facts.length);
  const other = { originalEventId: 'a', eventId: 'b', revision: 0, type: 'sale' as const };
  const others = [
    other,
    { ...other, originalEventId: 'b', eventId: 'a' },
    { ...other, revision: 1 },
    { ...other, type: 'rejected' as const },
    { ...other, revision: 1, type: 'rejected' as const },
  ];
  assert.equal(new Set(others.map(hashOf)).size, others.length);
});
