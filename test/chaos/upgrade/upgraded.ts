// An upgrade under load: the schema of another release is migrated to this one's while its APIs and
// workers take and send events, then its processes are replaced one by one. Takes minutes and
// another checkout with its packages, so it is no part of `npm test`:
// FROM=../other npm test -- test/chaos/upgrade/upgraded.ts
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { resolve } from 'node:path';
import { migrate } from '../../../store/db/migrate.ts';
import { saleOf } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { startPairs, type Call, type Pairs } from '../../support/rolling.ts';
import { withStack, type TestStack } from '../../support/stack.ts';

const FROM = process.env.FROM;
if (FROM === undefined) throw new Error('FROM must be the path of a checkout of the release before');
const OTHER = `${resolve(FROM)}/`;
/** Events that the tables hold when they are migrated. */
const HELD = Number(process.env.EVENTS ?? 20_000);
const WITHIN_MS = 300_000;

let stack: TestStack;
let receiver: FaultyReceiver;

before(async () => {
  [stack, receiver] = await Promise.all([withStack({ DRAIN_SECONDS: '2' }, OTHER), startReceiver()]);
});
after(async () => {
  await stack.close();
  await receiver.close();
});

async function fill({ broker: { key }, clickId }: Pairs): Promise<void> {
  const AT_ONCE = 500;
  for (let from = 0; from < HELD; from += AT_ONCE) {
    const events = Array.from({ length: AT_ONCE }, (_, index) => saleOf(`held-${from + index}`, clickId));
    const { status } = await stack.call('POST /v1/events/batch', { key, body: { events } });
    assert.equal(status, 200);
  }
}

/** Transactions that the receiver accepted, once for each time. */
const arrived = (): string[] =>
  receiver.requests.map(
    ({ body }) => (JSON.parse(body) as { data: { transaction_id: string } }).data.transaction_id,
  );

const allDelivered = (count: number) =>
  eventually('every event to be delivered', () => new Set(arrived()).size === count, WITHIN_MS);

const arrivedPast = (count: number) =>
  eventually('some more events to be delivered', () => receiver.requests.length > count, WITHIN_MS);

/** Calls of a phase, and how long their answers took. */
function told(name: string, calls: readonly Call[], from: number, to: number): string {
  const ms = calls
    .filter(({ sentAt }) => sentAt >= from && sentAt < to)
    .map((call) => call.ms)
    .toSorted((one, other) => one - other);
  const at = (share: number) => ms[Math.min(ms.length - 1, Math.floor(ms.length * share))];
  return `${name}: ${Math.round((to - from) / 100) / 10} s, ${ms.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${ms.at(-1)} ms`;
}

/** How many calls failed in which way. */
function failed(calls: readonly Call[]): string {
  const counts = new Map<string, number>();
  for (const { failure } of calls) if (failure !== null) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [...counts].map(([failure, count]) => `${count} times ${failure}`).join(', ');
}

test(
  'a schema is migrated and its processes are replaced under load: no request fails, and every event is delivered once',
  { timeout: 900_000 },
  async (t) => {
    const pairs = await startPairs(stack, `${receiver.url}/ok`, OTHER);
    await fill(pairs);
    await allDelivered(HELD);

    const callers = pairs.startCallers();
    const marks: [string, number][] = [['before', Date.now()]];
    await arrivedPast(HELD + 500);
    marks.push(['while the schema is migrated', Date.now()]);
    const applied = await migrate(stack.databaseUrl, (line) => t.diagnostic(line));
    marks.push(['the other release on the new schema', Date.now()]);
    await arrivedPast(receiver.requests.length + 500);
    marks.push(['while APIs are replaced', Date.now()]);
    await pairs.replaceApis();
    marks.push(['while workers are replaced', Date.now()]);
    await pairs.replaceWorkers();
    const calls = await callers.stop();
    marks.push(['end', Date.now()]);
    for (const [index, [name, from]] of marks.slice(0, -1).entries())
      t.diagnostic(told(name, calls, from, marks[index + 1]![1]));

    assert.ok(applied.length > 0, 'the other release has this schema already');
    assert.equal(failed(calls), '');
    await allDelivered(HELD + calls.length);
    assert.equal(arrived().length, HELD + calls.length, 'something was delivered twice');
  },
);
