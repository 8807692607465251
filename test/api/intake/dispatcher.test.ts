// When the dispatcher starts batches, on a real Temporal server without a worker, so that no batch
// ends.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDispatcher } from '../../../api/intake/dispatcher.ts';
import { createLogger } from '../../../log.ts';
import { newId } from '../../../store/db/ids.ts';
import { eventually } from '../../support/eventually.ts';
import { withTemporal, type TestTemporal } from '../../support/temporal.ts';

let temporal: TestTemporal;

before(async () => {
  temporal = await withTemporal();
});
after(() => temporal.close());

const log = createLogger('silent', 'test');
const event = () => ({ operatorId: 'opr_1', id: newId('evt') });

test('events that come while a batch is in flight go into one batch, which begins before that one is settled', async () => {
  const isSettled = () => Promise.resolve(false);
  const dispatcher = createDispatcher({ client: temporal.client, log, isSettled });
  for (let i = 0; i < 5; i++) dispatcher.dispatch([event()]);
  assert.deepEqual(dispatcher.counts(), { started: 0, inFlight: 1, waiting: 4 });
  await eventually('the next is started', () => dispatcher.counts().started === 2);
  assert.deepEqual(dispatcher.counts(), { started: 2, inFlight: 2, waiting: 0 });
  await dispatcher.drain(1000);
});

test('a partial batch waits for those in flight until they are settled, and for a second where none is', async () => {
  const { client } = temporal;
  const settled = new Set<string>();
  let looks = 0;
  const isSettled = async (_: string, id: string): Promise<boolean> => {
    looks++;
    return settled.has(id);
  };
  const dispatcher = createDispatcher({ client, log, isSettled });
  const [first, second, third, fourth] = [event(), event(), event(), event()];
  const areStarted = (count: number) =>
    eventually(`${count} batches are started`, () => dispatcher.counts().started === count);
  dispatcher.dispatch([first]);
  dispatcher.dispatch([second]);
  await areStarted(2);
  dispatcher.dispatch([third]);
  await eventually('both were looked at again', () => looks >= 4);
  assert.deepEqual(dispatcher.counts(), { started: 2, inFlight: 2, waiting: 1 });

  settled.add(first.id);
  await areStarted(3);
  dispatcher.dispatch([fourth]);
  // Neither of the two in flight is ever settled.
  await areStarted(4);
  await dispatcher.drain(1000);
});

test('a batch that is not settled counts for more than a second while others are settled', async () => {
  const settled = new Set<string>();
  const isSettled = (_: string, id: string): Promise<boolean> => Promise.resolve(settled.has(id));
  const dispatcher = createDispatcher({ client: temporal.client, log, isSettled });
  const are = (started: number, inFlight: number) =>
    eventually(`${started} are started, ${inFlight} in flight`, () => {
      const counts = dispatcher.counts();
      return counts.started === started && counts.inFlight === inFlight;
    });
  dispatcher.dispatch([event()]);
  let started = 1;
  for (const startedAt = Date.now(); Date.now() - startedAt < 1500;) {
    const quick = event();
    settled.add(quick.id);
    dispatcher.dispatch([quick]);
    await are((started += 1), 1);
  }
  dispatcher.dispatch([event()]);
  await are(started + 1, 2);
  dispatcher.dispatch([event()]);
  assert.equal(dispatcher.counts().waiting, 1);
  await dispatcher.drain(1000);
});

test('a batch does not count as in flight for longer where nobody can say whether it is settled', async () => {
  const isSettled = () => Promise.reject(new Error('PostgreSQL is away'));
  const dispatcher = createDispatcher({ client: temporal.client, log, isSettled });
  const startedAt = Date.now();
  for (let started = 1; started <= 3; started++) {
    dispatcher.dispatch([event()]);
    await eventually(`${started} are started`, () => dispatcher.counts().started === started);
  }
  assert.ok(Date.now() - startedAt < 1000, 'it waited for as long as for a batch that is not settled');
  await dispatcher.drain(1000);
});
