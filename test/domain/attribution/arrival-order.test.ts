// Property: whose an event is does not depend on when it arrives, nor on what was set aside.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Click, ConversionEvent } from '../../../domain/types.ts';
import { anEvent, aVersion, DAY_MS, NOON } from '../../support/builders.ts';
import { createMemorySettling } from '../../support/memory-store.ts';

const CLICK: Click = {
  id: 'clk',
  affiliateId: 'aff_a',
  linkId: null,
  subs: [null, null, null, null, null],
  clickedAt: NOON,
};

/**
 * What an event may say, at any time around the click of its customer; euros lack a rate, so that
 * the event is set aside.
 */
const said = fc.record({
  hours: fc.integer({ min: -72, max: 72 }),
  names: fc.constantFrom<Partial<ConversionEvent>>(
    {},
    { clickId: 'clk' },
    { clickId: 'lost' },
    { coupon: 'LOST' },
  ),
  currency: fc.constantFrom('USD', 'EUR'),
});

const story = fc.array(said, { minLength: 1, maxLength: 8 }).chain((all) => {
  const events = all.map(({ hours, names, currency }, index) =>
    anEvent({
      ...names,
      id: `evt_${index}`,
      transactionId: `t-${index}`,
      occurredAt: NOON + (hours * DAY_MS) / 24,
      currency,
    }),
  );
  const indices = events.map((_, index) => index);
  return fc.record({
    events: fc.constant(events),
    order: fc.shuffledSubarray(indices, { minLength: indices.length }),
    batchOf: fc.array(fc.nat({ max: 2 }), { minLength: indices.length, maxLength: indices.length }),
  });
});

function outcomesOf(batches: readonly ConversionEvent[][]): string[] {
  const settling = createMemorySettling([aVersion()], { clicks: [CLICK] });
  for (const batch of batches) settling.settle(batch);
  return [...settling.outcomes]
    .map(([id, { status, reason, affiliateId }]) => `${id} ${status} ${reason ?? affiliateId}`)
    .sort();
}

test('whose the events of a customer are does not depend on the order in which they arrive', () => {
  fc.assert(
    fc.property(story, ({ events, order, batchOf }) => {
      const arriving = order.map((index) => events[index]!);
      const batches = [0, 1, 2].map((batch) => arriving.filter((_, index) => batchOf[index] === batch));
      const expected = outcomesOf([events]);
      assert.deepEqual(outcomesOf(arriving.map((event) => [event])), expected, 'one by one');
      assert.deepEqual(outcomesOf(batches), expected, 'in batches');
    }),
    { numRuns: 500 },
  );
});

test('an event is an affiliate\u2019s only if its customer was bound by a click that it does not precede', () => {
  fc.assert(
    fc.property(story, ({ events }) => {
      const isBound = events.some(
        ({ clickId, occurredAt }) => clickId === 'clk' && occurredAt >= NOON - DAY_MS / 24,
      );
      for (const line of outcomesOf([events])) {
        const [id, status] = line.split(' ');
        const { occurredAt } = events.find((event) => event.id === id)!;
        const isOurs = isBound && occurredAt >= NOON - DAY_MS / 24;
        assert.equal(status !== 'orphaned', isOurs, line);
      }
    }),
  );
});
