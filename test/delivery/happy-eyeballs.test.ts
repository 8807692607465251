// The race for the first ready address of a name: when each is tried, which one wins, and what
// becomes of the others. Times are those of a mocked clock.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { firstReady, type Try } from '../../delivery/happy-eyeballs.ts';

type Begun = { address: string; open(): void; fail(): void; isAbandoned: boolean };

/** Starts a race whose tries end when told to. */
function race(t: TestContext, addresses: string[], deadlineMs = Infinity) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const begun: Begun[] = [];
  const begin = (address: string): Try<string> => {
    const one = { address, isAbandoned: false } as Begun;
    const opened = new Promise<string>((resolve, reject) => {
      one.open = () => resolve(address);
      one.fail = () => reject(new Error(address));
    });
    begun.push(one);
    return { opened, abandon: () => (one.isAbandoned = true) };
  };
  const winner = firstReady(addresses, begin, deadlineMs);
  winner.catch(() => undefined);
  return {
    begun,
    winner,
    tried: () => begun.map(({ address }) => address),
    tick: t.mock.timers.tick.bind(t.mock.timers),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const addressesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `192.0.2.${index + 1}`);

test('the next address is tried after 250 ms, beside those under way', (t) => {
  const { begun, tried, tick } = race(t, addressesOf(3));
  assert.deepEqual(tried(), ['192.0.2.1']);
  tick(249);
  assert.equal(begun.length, 1);
  tick(1);
  assert.deepEqual(tried(), ['192.0.2.1', '192.0.2.2']);
  tick(250);
  assert.equal(begun.length, 3);
  tick(60_000);
  assert.equal(begun.length, 3);
  assert.ok(begun.every(({ isAbandoned }) => !isAbandoned));
});

test('the next address is tried at once when one fails, and 250 ms count from then', async (t) => {
  const { begun, tick } = race(t, addressesOf(4));
  tick(200);
  begun[0]!.fail();
  await turn();
  assert.equal(begun.length, 2);
  tick(249);
  assert.equal(begun.length, 2);
  tick(1);
  assert.equal(begun.length, 3);
});

test('the first address that is ready wins, though it was tried first, and the others are abandoned', async (t) => {
  const { begun, winner, tick } = race(t, addressesOf(5));
  tick(250);
  tick(250);
  begun[0]!.open();
  assert.equal(await winner, '192.0.2.1');
  assert.deepEqual(
    begun.map(({ isAbandoned }) => isAbandoned),
    [false, true, true],
  );
  tick(60_000);
  assert.equal(begun.length, 3);
});

test('a second address that becomes ready at the same moment is abandoned', async (t) => {
  const { begun, winner, tick } = race(t, addressesOf(2));
  tick(250);
  begun[1]!.open();
  begun[0]!.open();
  assert.equal(await winner, '192.0.2.2');
  assert.deepEqual(
    begun.map(({ isAbandoned }) => isAbandoned),
    [true, false],
  );
});

test('families take turns, beginning with that of the first address', async (t) => {
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2'];
  const { begun, tried, winner } = race(t, addresses);
  for (const index of addresses.keys()) {
    begun[index]!.fail();
    await turn();
  }
  assert.deepEqual(tried(), ['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2', '192.0.2.3']);
  await assert.rejects(winner, (error: AggregateError) => error.errors.length === 5);
});

test('at most 16 addresses of a name are tried for a connection', async (t) => {
  const { begun, winner } = race(t, addressesOf(50));
  for (let count = 0; count < 16; count += 1) {
    begun[count]!.fail();
    await turn();
  }
  assert.equal(begun.length, 16);
  await assert.rejects(winner, (error: AggregateError) => error.errors.length === 16);
});

test('no address is tried after the deadline, and the race ends with those under way', async (t) => {
  const deadlineMs = performance.now() + 20;
  const { begun, winner } = race(t, addressesOf(3), deadlineMs);
  while (performance.now() < deadlineMs) await turn();
  begun[0]!.fail();
  await assert.rejects(winner, (error: AggregateError) => error.errors.length === 1);
  assert.equal(begun.length, 1);
});

test('a name without addresses has nothing to try', async (t) => {
  const { winner } = race(t, []);
  await assert.rejects(winner, (error: AggregateError) => error.errors.length === 0);
});
