// The plan of a run at the door, and the traffic, come from the seed alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generator } from '../../support/generator.ts';
import { DOOR_PARTS, doorPlanOf } from './plan.ts';
import { createTraffic } from './traffic.ts';

test('the plan at the door kills each part as often, and freezes and cuts in between', () => {
  const faults = doorPlanOf(1, { kills: 24 }).flatMap((step) => step.faults);
  const count = (kind: string, target: string) =>
    faults.filter((fault) => fault.kind === kind && fault.target === target).length;
  for (const part of DOOR_PARTS) assert.ok(count('kill', part) === 8 && count('freeze', part) >= 2, part);
  assert.equal(faults.filter(({ kind }) => kind === 'cut' || kind === 'half-open').length, 8);
  assert.equal(
    doorPlanOf(1, { kills: 4 })
      .flatMap((step) => step.faults)
      .filter(({ kind }) => kind === 'kill').length,
    4,
  );
  assert.deepEqual(doorPlanOf(7, { kills: 9 }), doorPlanOf(7, { kills: 9 }));
});

test('the traffic at the door sends single events and batches about few keys, of every kind', () => {
  const traffic = createTraffic(generator(1));
  const requests = Array.from({ length: 2000 }, () => {
    const request = traffic.next();
    traffic.heard(request[0].key, { is: 'accepted', id: 'evt_1' });
    return request;
  });
  const kinds = new Set(requests.map(([{ input }, ...others]) => (others.length > 0 ? 'batch' : input.op)));
  assert.deepEqual([...kinds].sort(), ['amend', 'batch', 'find', 'get', 'send']);
  const ways = new Set(requests.flat().map(({ key }) => key.name.split(' ')[0]));
  assert.deepEqual(
    [...ways].toSorted((a, b) => (a! < b! ? -1 : 1)),
    ['content', 'deposit', 'registration', 'sale'],
  );
  assert.ok(traffic.keys().length < requests.flat().length / 30, `${traffic.keys().length} keys`);
});
