// Traffic of a chaos run: random histories of the independent money model, each played by several
// callers at once as an operator of its own, with payouts and replays in between.
import fc from 'fast-check';
import { ApiClient, type Call } from '../support/money-model/api-client.ts';
import { expected } from '../support/money-model/expected.ts';
import { plainHistory } from '../support/money-model/plain-history.ts';
import type { Run } from '../support/money-model/play.ts';
import { arrange, histories, type History, type Item } from '../support/money-model/random-history.ts';
import type { ApiStep } from '../support/money-model/steps.ts';
import { worldFrom } from '../support/money-model/world-from-steps.ts';
import type { Progress } from './progress.ts';
import type { EndpointSeen } from './records.ts';
import type { Receivers } from './receivers.ts';

export interface Operator {
  readonly number: number;
  readonly run: Run;
  readonly call: Call;
  readonly endpoints: readonly EndpointSeen[];
  readonly affiliates: readonly string[];
  /** All calls in the order of the run; `items` are those after the setup, with their needs. */
  readonly steps: readonly ApiStep[];
  readonly items: readonly Item[];
}

const AFFILIATES = ['A', 'B', 'C', 'D'];
const CALLERS = 4;
const EXTRAS = 4;
/** Of an operator with a plain history, at most. */
const PLAIN_EVENTS = 2500;
/** Tries once a second at first, so that a receiver that returns hears soon, and many of them. */
const SCHEDULE = Array.from({ length: 50 }, (_, index) => (index < 20 ? Math.min(index, 1) : 10));

/** Histories with so many events in all, decided by the seed. */
export function historiesOf(seed: number, events: number, now: number): History[] {
  const most = Math.max(100, Math.min(300, Math.ceil(events / 300)));
  const each = Math.max(20, Math.min(most, Math.ceil(events / 3)));
  const numRuns = Math.ceil((6 * events) / each);
  const chosen: History[] = [];
  let count = 0;
  for (const history of fc.sample(histories(now, { events: each }), { numRuns, seed })) {
    if (count >= events) break;
    chosen.push(history);
    count += history.items.filter(({ step }) => step.path === '/v1/events').length;
  }
  return chosen;
}

/** Plain histories with so many events in all, decided by the seed. */
export function plainHistoriesOf(seed: number, events: number, now: number): History[] {
  const count = Math.ceil(events / PLAIN_EVENTS);
  const each = Math.ceil(events / Math.max(1, count));
  return Array.from({ length: count }, (_, index) => plainHistory(seed + index, each, now));
}

/** Makes the operator of a history, its affiliates and their endpoints, before any fault. */
export async function setUp(
  { history, number, seed, now }: { history: History; number: number; seed: number; now: number },
  { call, receivers }: { call: Call; receivers: Receivers },
): Promise<Operator> {
  const steps = arrange(history, seed + number);
  const client = new ApiClient(call, now);
  await client.begin(steps);
  for (const [index, step] of history.setup.entries()) await client.play(step, index, false);
  const affiliates = AFFILIATES.map((name) => client.ids.get(name)!);
  const endpoint = async (name: string, affiliateId: string | null): Promise<EndpointSeen> => {
    const path = `/op${number}/${name}`;
    const of = affiliateId === null ? {} : { affiliate_id: affiliateId };
    const { status, body } = await call('POST /v1/endpoints', {
      key: client.key,
      body: { ...of, url: receivers.url(path), schedule: SCHEDULE },
    });
    if (status !== 201) throw new Error(`no endpoint: ${status} ${JSON.stringify(body)}`);
    const isDead = name === 'dead';
    if (isDead) receivers.kill(path);
    return { id: body['id'] as string, path, affiliateId, isDead };
  };
  const endpoints = [await endpoint('own', null), await endpoint('dead', affiliates[0]!)];
  for (const [index, name] of AFFILIATES.entries()) endpoints.push(await endpoint(name, affiliates[index]!));
  const world = worldFrom(steps, now);
  const byStep = new Map(history.items.map((item) => [item.step, item]));
  const items = steps.slice(history.setup.length).map((step) => byStep.get(step)!);
  const run = { client, world, model: expected(world) };
  return { number, run, call, endpoints, affiliates, steps, items };
}

/** Plays the history of an operator as fast as the faults go on; resolves when all is answered. */
export async function play(operator: Operator, progress: Progress): Promise<void> {
  const { items, run } = operator;
  const done = new Map<string, Promise<unknown>>();
  let begun = 0;
  const caller = async (): Promise<void> => {
    for (let index = begun++; index < items.length; index = begun++) {
      const { name, needs, step } = items[index]!;
      const playing = (async () => {
        await progress.reached(index / items.length);
        for (const need of needs) await done.get(need);
        await run.client.play(step, index, false);
      })();
      done.set(name, playing);
      await playing;
    }
  };
  await Promise.all([...Array.from({ length: CALLERS }, caller), extras(operator, progress)]);
}

/** Plays the same history as another operator, without endpoints and in calm. */
export async function playAgain({ run: { client, world, model }, call, steps }: Operator): Promise<Run> {
  const again = new ApiClient(call, client.now);
  await again.begin(steps);
  for (const [index, step] of steps.entries()) await again.play(step, index, false);
  return { client: again, world, model };
}

/** Payouts that are confirmed or fail, and replays of what was delivered. */
async function extras({ call, run, affiliates, number }: Operator, progress: Progress): Promise<void> {
  const { key } = run.client;
  for (let index = 1; index <= EXTRAS; index += 1) {
    await progress.reached(index / (EXTRAS + 1));
    const affiliateId = affiliates[index % affiliates.length];
    await call('POST /v1/replays', { key, body: { affiliate_id: affiliateId, states: ['delivered'] } });
    const { status, body } = await call('POST /v1/payouts', {
      key,
      body: { affiliate_id: affiliateId, currency: 'USD' },
      headers: { 'idempotency-key': `pay-${number}-${index}` },
    });
    if (status !== 201) continue;
    const step = index % 2 === 0 ? 'fail' : 'confirm';
    await call(`POST /v1/payouts/${String(body['id'])}/${step}`, { key, body: {} });
  }
}
