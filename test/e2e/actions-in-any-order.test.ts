// Property: whatever people press, over HTTP and in Temporal, in whatever order and at the same
// time, while receivers fail as they do: each postback is under way once at a time, what arrived is
// sent again by a replay alone, the order per conversion holds, attempts are 1, 2, 3, nothing is
// left without an owner, counts add up, and the API says what Temporal says.
// Long form: RUNS=50 npm test -- test/e2e/actions-in-any-order.test.ts
// The same commands once more: SEED=<the seed it printed> and RUNS as before; their timing differs.
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { withApi, type TestApi } from '../support/api.ts';
import { startCountingReceiver, type CountingReceiver } from '../support/counting-receiver.ts';
import { keepHistory } from '../support/delivery-history.ts';
import { checkDeliveries } from '../support/pressed/checks.ts';
import { modes, rounds } from '../support/pressed/commands.ts';
import { withPressedBroker } from '../support/pressed/broker.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

const RUNS = Number(process.env.RUNS ?? 2);
const SEED = process.env.SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.SEED);
const RUN_WITHIN_MS = 90_000;

let harness: WorkflowHarness;
let api: TestApi;
let receiver: CountingReceiver;

before(async () => {
  [harness, receiver] = await Promise.all([withHarness(), startCountingReceiver()]);
  await keepHistory(harness.pool);
  api = await withApi({ harness });
});
after(async () => {
  await api.close();
  await harness.close();
  await receiver.close();
});

test(
  'actions in any order send each postback once at a time, in order, and leave none behind',
  { timeout: RUNS * RUN_WITHIN_MS },
  async (t) => {
    t.diagnostic(`SEED=${SEED} RUNS=${RUNS}`);
    const property = fc.asyncProperty(modes, rounds, async (first, pressed) => {
      const broker = await withPressedBroker({ api, harness, receiver }, first);
      for (const round of pressed) await Promise.all(round.map((command) => broker.press(command)));
      await broker.checkOwners();
      await broker.calmDown();
      await checkDeliveries(broker);
      t.diagnostic(await broker.summary());
    });
    // Shrinking would need the same timing once more.
    await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: true, includeErrorInReport: true });
  },
);
