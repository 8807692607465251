// Looks at the API when everything is quiet: events, postbacks, balances and what is stuck.
import { setTimeout as pause } from 'node:timers/promises';
import { decimalText, exponentOf, minorUnits } from '../support/money-model/exact.ts';
import { differencesNow } from '../support/money-model/play.ts';
import type { Arrival, AttemptSeen, BalanceSeen, DeliverySeen, EventSeen, OperatorSeen } from './records.ts';
import { groupBy, isAccepted } from './records.ts';
import { playAgain, type Operator } from './traffic.ts';

const LOOK_EVERY_MS = 1000;
const CALM_MS = 20_000;
/** Differences that last so long while nothing is under way stay. */
const STILL_MS = 60_000;

/**
 * Waits until nothing is unfinished but at dead endpoints, and the books agree with the model twice
 * in a row, or differ from it and stay so. Returns what is unfinished when the time is over.
 */
export async function waitUntilQuiet(operators: readonly Operator[], withinMs: number): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  let wasSame = false;
  let last = { text: '', at: Date.now() };
  for (;;) {
    const open = (await Promise.all(operators.map(unfinished))).flat();
    const differences = open.length > 0 ? [] : (await Promise.all(operators.map(differing))).flat();
    const isSame = open.length + differences.length === 0;
    if (isSame && wasSame) return [];
    wasSame = isSame;
    const text = differences.join('\n');
    if (text !== last.text || open.length > 0) last = { text, at: Date.now() };
    const isStill = text !== '' && Date.now() > last.at + STILL_MS;
    if (isStill || Date.now() > deadline)
      return open.map(({ id, state, owner }) => `${id} is ${state}, of ${owner}`);
    await pause(LOOK_EVERY_MS);
  }
}

/**
 * What differs from the model at the end, and whether the same history differs in calm: then it is
 * a matter of the rules and not of the faults.
 */
export async function compareInCalm(operator: Operator): Promise<string[]> {
  const lines = await differing(operator);
  if (lines.length === 0) return [];
  const run = await playAgain(operator);
  const deadline = Date.now() + CALM_MS;
  let again = await differencesNow(run);
  while (again.length > 0 && Date.now() < deadline) {
    await pause(LOOK_EVERY_MS);
    again = await differencesNow(run);
  }
  const inCalm = new Set(again.map((line) => `operator ${operator.number}: ${line}`));
  return lines.map((line) => `${line} (${inCalm.has(line) ? 'the same in calm' : 'not in calm'})`);
}

const differing = async ({ number, run }: Operator): Promise<string[]> =>
  (await differencesNow(run)).map((line) => `operator ${number}: ${line}`);

async function unfinished(operator: Operator): Promise<DeliverySeen[]> {
  const dead = new Set(operator.endpoints.filter(({ isDead }) => isDead).map(({ id }) => id));
  const found: DeliverySeen[] = [];
  for (const state of ['pending', 'retrying', 'held'])
    found.push(...(await list<DeliverySeen>(operator, `/v1/deliveries?state=${state}`)));
  return found.filter(({ endpoint_id: id }) => !dead.has(id));
}

/** All that the API says of an operator; attempts of what came again after it was accepted. */
export async function look(operator: Operator, arrivals: readonly Arrival[]): Promise<OperatorSeen> {
  const prefix = `/op${operator.number}/`;
  const own = arrivals.filter(({ path }) => path.startsWith(prefix));
  const attempts: Record<string, AttemptSeen[]> = {};
  for (const [id, group] of groupBy(own, (arrival) => arrival.id)) {
    if (!group.slice(0, -1).some(isAccepted)) continue;
    const answer = await ask<{ attempts: AttemptSeen[] }>(operator, `/v1/deliveries/${id}`);
    attempts[id] = answer.attempts;
  }
  const stuck = await ask<{ data: { endpoint: { id: string }; count: number; reason: string }[] }>(
    operator,
    '/v1/stuck?group=endpoint',
  );
  return {
    number: operator.number,
    endpoints: operator.endpoints,
    events: await list<EventSeen>(operator, '/v1/events'),
    deliveries: await list<DeliverySeen>(operator, '/v1/deliveries'),
    attempts,
    balances: (await Promise.all(operator.affiliates.map((id) => balancesOf(operator, id)))).flat(),
    stuck: stuck.data.map(({ endpoint, count, reason }) => ({ endpointId: endpoint.id, count, reason })),
  };
}

async function balancesOf(operator: Operator, affiliateId: string): Promise<BalanceSeen[]> {
  const { balances } = await ask<{ balances: Record<string, string>[] }>(
    operator,
    `/v1/affiliates/${affiliateId}/balance`,
  );
  return balances.map((balance) => {
    const currency = balance['currency']!;
    const exponent = exponentOf(currency, {});
    const units = (name: string): bigint => minorUnits(balance[name]!, exponent).n;
    const had = ['pending', 'payable', 'in_payout', 'paid'].reduce((sum, name) => sum + units(name), 0n);
    return { affiliateId, currency, sum: decimalText(had - units('debt'), exponent) };
  });
}

async function ask<T>({ call, run }: Operator, path: string): Promise<T> {
  const { status, body } = await call(`GET ${path}`, { key: run.client.key });
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
  return body as T;
}

/** All pages of a list. */
async function list<T>(operator: Operator, path: string): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null = null;
  do {
    const mark = path.includes('?') ? '&' : '?';
    const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { data: T[]; next_cursor: string | null } = await ask(
      operator,
      `${path}${mark}limit=200${from}`,
    );
    rows.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}
