// One run at the door: two APIs and PostgreSQL, sixteen callers who race for few keys, faults in
// between, and the judgement of all that was answered.
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { generator } from '../../support/generator.ts';
import { inflict } from '../inflict.ts';
import { startParts, type Parts } from '../parts.ts';
import type { Step } from '../plan.ts';
import type { Disturbance, Violation } from '../records.ts';
import { createDoorCallers } from './callers.ts';
import { createRecorder, type Entry } from './history.ts';
import { judgeDoor, type Judgement } from './judge.ts';
import { DOOR_PARTS } from './plan.ts';
import { createTraffic } from './traffic.ts';

export interface DoorOptions {
  readonly seed: number;
  readonly plan: readonly Step[];
  /** Calls with a clear answer, at least. */
  readonly calls: number;
  readonly print: (line: string) => void;
}

export interface DoorResult {
  readonly entries: readonly Entry[];
  readonly disturbances: readonly Disturbance[];
  readonly judgement: Judgement;
  readonly violations: readonly Violation[];
  readonly trafficMs: number;
  readonly judgingMs: number;
  readonly dataDir: string;
}

const CALLERS = 16;

/** The parts have stopped when it resolves or throws; their data and logs are left in `dataDir`. */
export async function runDoor(options: DoorOptions): Promise<DoorResult> {
  const parts = await startParts(options.print, DOOR_PARTS);
  try {
    return await race(parts, options);
  } finally {
    await parts.stop();
  }
}

async function race(parts: Parts, { seed, plan, calls, print }: DoorOptions): Promise<DoorResult> {
  const next = generator(seed);
  const recorder = createRecorder();
  const traffic = createTraffic(next);
  const apiUrls = parts.directApiUrls;
  const callers = createDoorCallers({
    apiUrls,
    key: await operatorOf(parts),
    count: CALLERS,
    traffic,
    recorder,
    next,
  });
  const startedAt = Date.now();
  let areFaultsOver = false;
  const [disturbances] = await Promise.all([
    faults(parts, plan, { answered: callers.answered, calls, next }).finally(() => (areFaultsOver = true)),
    callers.run(() => !areFaultsOver || callers.answered() < calls),
  ]);
  const trafficMs = Date.now() - startedAt;
  print(`${callers.answered()} calls were answered; looking at every key`);
  await eventually(
    'both APIs to answer',
    async () => (await Promise.all(apiUrls.map(isReady))).every(Boolean),
    60_000,
  );
  await callers.lookAtAll();
  const judgedAt = Date.now();
  const judgement = judgeDoor(recorder.entries);
  const unexpected = callers.unexpected.map((what): Violation => ({
    judgement: 'unexpected',
    what,
    ids: [],
  }));
  return {
    entries: recorder.entries,
    disturbances,
    judgement,
    violations: [...judgement.violations, ...unexpected],
    trafficMs,
    judgingMs: Date.now() - judgedAt,
    dataDir: parts.dataDir,
  };
}

/** One step after the other, spread over the calls, each at a random moment. */
async function faults(
  parts: Parts,
  plan: readonly Step[],
  { answered, calls, next }: { answered: () => number; calls: number; next: () => number },
): Promise<Disturbance[]> {
  const disturbances: Disturbance[] = [];
  for (const step of plan) {
    const from = answered() + (0.5 + next() / 2) * (calls / (plan.length + 1));
    await eventually('calls to be answered', () => answered() >= from, 120_000);
    disturbances.push(...(await inflict(parts, [step], () => {})));
  }
  return disturbances;
}

/** Its events without an id of their own are told apart by their content. */
async function operatorOf({ directApiUrls: [url], adminToken }: Parts): Promise<string> {
  const call = async (method: string, path: string, key: string, body: object) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(url! + path, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { api_key: string };
  };
  const { api_key: key } = await call('POST', '/v1/operators', adminToken, {
    name: 'Broker',
    currency: 'USD',
  });
  await call('PATCH', '/v1/operator', key, { without_transaction_id: 'same_content_is_repeat' });
  return key;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => pause(50).then(() => false),
  );
}
