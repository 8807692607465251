// The plan and the traffic of a chaos run come from the seed alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PARTS, planOf, shortPlanOf } from './plan.ts';
import { historiesOf, plainHistoriesOf } from './traffic.ts';

const NOW = Date.parse('2026-11-30T10:00:00Z');

test('the same seed gives the same faults and events, another seed others', () => {
  const made = (seed: number) => ({
    plan: planOf(seed, { kills: 30 }),
    events: historiesOf(seed, 60, NOW),
    plain: plainHistoriesOf(seed, 60, NOW),
  });
  assert.deepEqual(made(7), made(7));
  assert.notDeepEqual(made(7).plan, made(8).plan);
  assert.notDeepEqual(made(7).events, made(8).events);
  assert.notDeepEqual(made(7).plain, made(8).plain);
});

for (const isDense of [false, true])
  test(`every part is killed and frozen as often as the others, and no step ${isDense ? 'of a dense plan ' : ''}hits one place twice`, () => {
    const steps = planOf(3, { kills: 36, isDense });
    const faults = steps.flatMap((step) => step.faults);
    const count = (kind: string, target: string) =>
      faults.filter((fault) => fault.kind === kind && fault.target === target).length;
    for (const part of PARTS) assert.deepEqual([count('kill', part), count('freeze', part)], [6, 3]);
    assert.equal(faults.length, 72);
    for (const step of steps)
      assert.equal(new Set(step.faults.map(({ target }) => target)).size, step.faults.length);
    const atOnce = steps.map((step) => step.faults.length);
    assert.equal(Math.max(...atOnce), isDense ? 3 : 2);
    assert.equal(steps.length < 30, isDense);
  });

test('the short plan kills an API and a worker, freezes a part and cuts a connection', () => {
  const faults = shortPlanOf(5).flatMap((step) => step.faults);
  assert.deepEqual(faults.map(({ kind }) => kind).toSorted(), ['cut', 'freeze', 'kill', 'kill']);
  const killed = faults.filter(({ kind }) => kind === 'kill').map(({ target }) => target.split('-')[0]);
  assert.deepEqual(new Set(killed), new Set(['api', 'worker']));
});

test('the traffic has events of every kind, and what people do to them', () => {
  const steps = historiesOf(1, 300, NOW).flatMap(({ items }) => items.map(({ step }) => step));
  const kinds = new Set(
    steps.map(({ path, body }) =>
      path === '/v1/events' ? String(body['event']) : path.replace(/^\/v1\/(\w+)\/\$?[\w-]+/, '$1'),
    ),
  );
  const wanted = `registration kyc ftd deposit revenue trade sale chargeback refund fraud bonus_abuse
    chargeback_won events/amend events/void events/unvoid events/reject events/unreject deals/versions
    customers/reassign`.split(/\s+/);
  assert.deepEqual(
    wanted.filter((kind) => !kinds.has(kind)),
    [],
  );
});

test('plain traffic has as many events as are asked for, of operators with 2,500 at most', () => {
  const sizes = (events: number) => plainHistoriesOf(1, events, NOW).map(({ items }) => items.length);
  assert.deepEqual(sizes(0), []);
  assert.deepEqual(sizes(60), [60]);
  assert.deepEqual(sizes(6000), [2000, 2000, 2000]);
});
