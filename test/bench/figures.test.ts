// Arithmetic and verdicts of the benchmark; the measurements themselves are not tested.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchBodies, customersFor, eventBodies } from '../../bench/events.ts';
import { percentile, withRatios } from '../../bench/figures.ts';
import { ALL_TO_ONE, EVENLY, HALF_TO_ONE } from '../../bench/stage.ts';
import { compare } from '../../bench/verdict.ts';

const arrival = (deliveryId: string, eventId: string) => ({ deliveryId, eventId });

test('the benchmark counts an accepted event without a postback as lost', () => {
  assert.deepEqual(compare(['a', 'b'], [arrival('1', 'a')]), { lost: 1, doubled: 0 });
});

test('the benchmark counts a repeated postback as doubled, under the same id or another', () => {
  const arrivals = [arrival('1', 'a'), arrival('1', 'a'), arrival('2', 'b'), arrival('3', 'b')];
  assert.deepEqual(compare(['a', 'b'], arrivals), { lost: 0, doubled: 2 });
});

test('percentiles of the benchmark are measured values', () => {
  const sorted = Array.from({ length: 200 }, (_, index) => index + 1);
  assert.equal(percentile(sorted, 0.5), 100);
  assert.equal(percentile(sorted, 0.99), 198);
  assert.equal(percentile([7.04], 0.99), 7);
});

test('the benchmark reports null for a figure that was not measured, and for every ratio with it', () => {
  const figures = withRatios({
    single_per_s: 1500,
    workflow_per_event_per_s: 40,
    lost: 0,
    doubled: 0,
    cores: 2,
  });
  assert.equal(figures.ratio_vs_workflow_per_event, 37.5);
  assert.equal(figures.ratio_vs_queue, null);
  assert.equal(figures.batch_per_s, null);
});

test('the benchmark compares job queues with first attempts, not with the whole cost of an event', () => {
  const figures = withRatios({
    single_per_s: 2000,
    delivery_per_s: 6000,
    queue_per_s: 4000,
    lost: 0,
    doubled: 0,
    cores: 2,
  });
  assert.equal(figures.ratio_vs_queue, 1.5);
});

test('every affiliate of a benchmark stage gets its share of the events', () => {
  const [events, size] = [7600, customersFor(7600)];
  const known = Array.from({ length: size.known }, (_, index) => `${index}`);
  const clicks = Array.from({ length: size.fresh }, (_, index) => `${size.known + index}`);
  // A customer's number is in its name or, for a new customer, in its click.
  const customers = eventBodies(events, known, clicks).map((body) => {
    const { customer_id: id, click_id: click } = JSON.parse(body) as {
      customer_id: string;
      click_id?: string;
    };
    return Number(click ?? id);
  });
  const shares = ({ affiliates, of }: typeof EVENLY): number[] => {
    const counts = Array.from({ length: affiliates }, () => 0);
    for (const customer of customers) counts[of(customer)]!++;
    return counts.map((count) => Math.round((count * 100) / events));
  };
  assert.deepEqual(
    shares(EVENLY),
    Array.from({ length: 20 }, () => 5),
  );
  assert.deepEqual(shares(ALL_TO_ONE), [100]);
  assert.deepEqual(shares(HALF_TO_ONE), [50, ...Array.from({ length: 19 }, () => 3)]);
});

test("the benchmark's traffic repeats no event and needs no more customers than were created", () => {
  const { known, fresh } = customersFor(100);
  const names = Array.from({ length: known }, (_, index) => `c-${index}`);
  const clicks = Array.from({ length: fresh }, (_, index) => `click-${index}`);
  const bodies = eventBodies(100, names, clicks);
  const events = bodies.map(
    (body) => JSON.parse(body) as { event: string; transaction_id: string; customer_id: string },
  );
  assert.equal(new Set(events.map(({ event, transaction_id: id }) => `${event} ${id}`)).size, 100);
  const deposits = events.filter(({ event }) => event === 'ftd').map(({ customer_id: customer }) => customer);
  assert.equal(new Set(deposits).size, deposits.length);
  assert.deepEqual(
    batchBodies(bodies, 30).map((text) => (JSON.parse(text) as { events: unknown[] }).events.length),
    [30, 30, 30, 10],
  );
});
