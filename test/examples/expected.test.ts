// Checks the independent calculation of the example against figures worked out by hand.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Affiliate, Terms } from '../../examples/affiliates.ts';
import { dollars, expectedOf, unitsOf, type Expected } from '../../examples/expected.ts';
import type { StoryEvent } from '../../examples/story.ts';

function expectedUnder(terms: Terms, events: StoryEvent[]): Expected {
  const affiliate: Affiliate = { name: 'one', method: 'POST', terms };
  const [expected] = expectedOf(events, [affiliate], () => 0);
  assert.ok(expected);
  return expected;
}

function event(type: StoryEvent['event'], day: string, more: Partial<StoryEvent> = {}): StoryEvent {
  return { event: type, customer_id: 'c1', occurred_at: `${day}T12:00:00.000Z`, ...more };
}

const deposit = (id: string, day: string, amount: string) =>
  event('deposit', day, { transaction_id: id, amount });

describe("the example's independent calculation", () => {
  test('the example calculation pays a CPA for a first deposit that reaches the minimum, and nothing below it', () => {
    const terms: Terms = { components: [{ kind: 'cpa', on: 'ftd', amount: '15.00', min_amount: '20.00' }] };
    const reaches = event('ftd', '1997-01-01', { transaction_id: 't1', amount: '20.00' });
    const misses = event('ftd', '1997-01-01', { transaction_id: 't2', customer_id: 'c2', amount: '19.99' });
    const { balance, created, reversed } = expectedUnder(terms, [reaches, misses]);
    assert.equal(balance, 1_500n);
    assert.deepEqual(created, ['ftd t1', 'ftd t2']);
    assert.deepEqual(reversed, []);
  });

  test('the example calculation rounds a percentage per event, by the rounding of the deal', () => {
    // 12.5 % of 0.20 is 2.5 cents, of 0.28 is 3.5 cents, of 0.05 is 0.625 cents.
    const events = [
      deposit('a', '1997-01-01', '0.20'),
      deposit('b', '1997-01-02', '0.28'),
      deposit('c', '1997-01-03', '0.05'),
    ];
    const terms: Terms = { components: [{ kind: 'percent', on: ['deposit'], percent: '12.5' }] };
    assert.equal(expectedUnder(terms, events).balance, 2n + 4n + 1n);
    assert.equal(expectedUnder({ ...terms, rounding: 'half_up' }, events).balance, 3n + 4n + 1n);
    assert.equal(expectedUnder({ ...terms, rounding: 'down' }, events).balance, 2n + 3n + 0n);
  });

  test('the example calculation rounds a revenue share once a month', () => {
    // 25 % of 0.03 three times in January is 2.25 cents; of 0.02 in February 0.5 cents, which
    // half-even rounds to 0.
    const events = [1, 2, 3].map((n) => deposit(`j${n}`, `1997-01-0${n}`, '0.03'));
    const terms: Terms = { components: [{ kind: 'revshare', on: ['deposit'], percent: '25' }] };
    assert.equal(expectedUnder(terms, [...events, deposit('f', '1997-02-01', '0.02')]).balance, 2n);
  });

  test('the example calculation reverses every event with the transaction id that a chargeback references, and no other', () => {
    const terms: Terms = {
      components: [{ kind: 'percent', on: ['deposit', 'reactivation'], percent: '10' }],
    };
    const events = [
      deposit('a', '1997-01-01', '10.00'),
      event('reactivation', '1997-01-01', { transaction_id: 'a', amount: '10.00' }),
      deposit('b', '1997-01-01', '7.00'),
      event('chargeback', '1997-02-01', { transaction_id: 'x', reference: 'a' }),
    ];
    const { balance, created, reversed } = expectedUnder(terms, events);
    assert.equal(balance, 70n);
    assert.equal(created.length, 3);
    assert.deepEqual(reversed, ['deposit a', 'reactivation a']);
  });

  test('the example calculation reverses the customer’s conversions of the 90 days before a chargeback without a reference', () => {
    const terms: Terms = { components: [{ kind: 'percent', on: ['deposit'], percent: '10' }] };
    const events = [
      deposit('too early', '1997-01-01', '1.00'),
      deposit('in time', '1997-01-02', '10.00'),
      deposit('worth nothing', '1997-01-03', '0.00'),
      event('chargeback', '1997-04-02', { transaction_id: 'x' }),
      deposit('afterwards', '1997-04-03', '100.00'),
      { ...deposit('of another', '1997-02-01', '1000.00'), customer_id: 'c2' },
    ];
    const { balance, reversed } = expectedUnder(terms, events);
    assert.equal(balance, 10n + 1_000n + 10_000n);
    assert.deepEqual(reversed, ['deposit in time']);
  });

  test('the example calculation sums the components of a hybrid deal', () => {
    const terms: Terms = {
      components: [
        { kind: 'cpa', on: 'registration', amount: '2.00' },
        { kind: 'revshare', on: ['deposit'], percent: '12.5' },
      ],
    };
    assert.equal(
      expectedUnder(terms, [event('registration', '1997-01-01'), deposit('a', '1997-01-05', '50.00')])
        .balance,
      825n,
    );
  });
});

test('the example calculation converts decimals to integers and back to dollars', () => {
  assert.equal(unitsOf('12.5', 4), 125_000n);
  assert.equal(unitsOf('-0.07', 2), -7n);
  assert.equal(dollars(-7n), '-0.07');
  assert.equal(dollars(123_456n), '1234.56');
  assert.throws(() => unitsOf('1.005', 2));
  assert.throws(() => unitsOf('1e3', 2));
});
