// Checks of a property about deliveries, once everything is finished: by what the receiver got, by
// the history of the rows, by the API and by Temporal.
import assert from 'node:assert/strict';
import { deliveryWorkflowId, endpointWorkflowId } from '../../../domain/keys.ts';
import { STATUS_QUERY } from '../../../workflows/contract.ts';
import type { EndpointStatus } from '../../../workflows/endpoint-status.ts';
import type { Arrival } from '../counting-receiver.ts';
import { historyOf, type Moment } from '../delivery-history.ts';
import { eventually } from '../eventually.ts';
import type { PressedBroker } from './broker.ts';

type Attempt = { id: string; number: number; cause: string; status: number | null; sends: number };
type Told = {
  id: string;
  state: string;
  owner: string | null;
  attempts: { number: number }[];
};

/** Receivers note a moment before PostgreSQL does, and clocks are read at either side. */
const CLOCK_MS = 5;

export async function checkDeliveries(broker: PressedBroker): Promise<void> {
  const { pool, operatorId, receiver } = broker;
  const history = await historyOf(pool, operatorId);
  const { rows: attempts } = await pool.query<Attempt>(
    `select delivery_id as id, number, cause, status_code as status, sends from attempts
     where operator_id = $1 order by delivery_id, number`,
    [operatorId],
  );
  const arrivals = receiver.arrivals.filter(({ id }) => history.has(id));
  const doubles = receiver.overlaps.filter((id) => history.has(id));
  assert.deepEqual(doubles, [], 'a postback was under way twice at a time');
  for (const [id, moments] of history) {
    const mine = arrivals.filter((arrival) => arrival.id === id);
    checkNumbers(
      id,
      mine,
      attempts.filter((attempt) => attempt.id === id),
      moments,
    );
    checkSentOnce(id, mine, moments);
  }
  await checkOrder(broker, history, arrivals);
  await checkCounts(broker);
  await checkApi(broker, attempts);
  await checkTemporal(broker, history);
}

/** Attempts are 1, 2, 3 …, in the table, at the receiver and in the row. */
function checkNumbers(id: string, arrivals: Arrival[], attempts: Attempt[], moments: Moment[]): void {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  assert.deepEqual(
    attempts.map(({ number }) => number),
    upTo(attempts.length),
    `attempts of ${id}`,
  );
  assert.equal(moments.at(-1)!.attempts, attempts.length, `attempts in the row of ${id}`);
  const sent = attempts.flatMap(({ number, sends }) => Array.from({ length: sends }, () => number));
  assert.deepEqual(
    arrivals.map(({ number }) => number),
    sent,
    `arrivals of ${id}`,
  );
}

/** What arrived is delivered, and sent again only after a replay took it up. */
function checkSentOnce(id: string, arrivals: Arrival[], moments: Moment[]): void {
  for (const [index, arrival] of arrivals.entries()) {
    if (arrival.status !== 200) continue;
    const next = arrivals[index + 1];
    const until = next?.at ?? Infinity;
    const isReplayed = moments.some(({ at, nextCause }) => {
      return nextCause === 'replay' && at > arrival.at - CLOCK_MS && at < until + CLOCK_MS;
    });
    if (next !== undefined) assert.ok(isReplayed, `${id} was delivered and sent again, by no replay`);
    else if (!isReplayed) assert.equal(moments.at(-1)!.state, 'delivered', `${id} arrived`);
  }
}

/**
 * A postback does not arrive before an earlier one about its conversion has arrived, or is over;
 * and where that never arrived, a body about the conversion says so.
 */
async function checkOrder(
  { pool, operatorId }: PressedBroker,
  history: ReadonlyMap<string, Moment[]>,
  arrivals: readonly Arrival[],
): Promise<void> {
  const { rows } = await pool.query<{ ids: string[] }>(
    `select array_agg(id order by id) as ids from deliveries where operator_id = $1
     group by original_event_id, endpoint_id having count(*) > 1`,
    [operatorId],
  );
  const story = (one: string): string =>
    [
      ...history.get(one)!.map((moment) => ({ at: moment.at, text: Object.values(moment).join(' ') })),
      ...arrivals.flatMap(({ id, at, status, body }) =>
        id === one ? [{ at, text: `arrived, ${status} ${/"previous_gave_up.*/.exec(body)?.[0] ?? ''}` }] : [],
      ),
    ]
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, text }) => `${Math.round(at) % 1_000_000} ${one} ${text}`)
      .join('\n');
  for (const { ids } of rows)
    for (const [index, id] of ids.entries()) {
      const first = arrivals.find((arrival) => arrival.id === id);
      if (first === undefined) continue;
      for (const earlier of ids.slice(0, index)) {
        const over = history.get(earlier)!.find(({ owner }) => owner === null)?.at ?? Infinity;
        assert.ok(over < first.at + CLOCK_MS, `${id} arrived while ${earlier} was unfinished`);
        const told = arrivals.filter((one) => ids.includes(one.id) && one.at <= first.at);
        const isKnown =
          told.some((one) => one.id === earlier && one.status === 200) ||
          told.some(({ body }) => body.includes(earlier)) ||
          over < history.get(id)![0]!.at;
        assert.ok(
          isKnown,
          `${id} arrived, and not ${earlier}, whose end nobody told\n${story(earlier)}\n${story(id)}`,
        );
      }
    }
}

async function checkCounts({ api, key, replays, actions }: PressedBroker): Promise<void> {
  type Counts = Record<
    'total' | 'sent' | 'released' | 'recalled' | 'skipped' | 'waiting' | 'done' | 'joined' | 'refused',
    number
  >;
  for (const id of replays) {
    const { body } = await api.call<Counts>(`GET /v1/replays/${id}`, { key });
    const { total, sent, released, recalled, skipped, waiting } = body;
    assert.deepEqual(
      { total, released, waiting },
      { total: sent + recalled + skipped, released: sent, waiting: 0 },
      `counts of ${JSON.stringify(body)}`,
    );
  }
  for (const id of actions) {
    const { body } = await api.call<Counts>(`GET /v1/stuck/actions/${id}`, { key });
    const { total, done, joined, refused, skipped } = body;
    assert.equal(total, done + joined + refused + skipped, `counts of ${JSON.stringify(body)}`);
    assert.ok(skipped >= 0, `counts of ${JSON.stringify(body)}`);
  }
}

async function checkApi(broker: PressedBroker, attempts: readonly Attempt[]): Promise<void> {
  const { api, key } = broker;
  const rows = await broker.deliveries();
  for (const { id, state, owner } of rows) {
    const { body } = await api.call<Told>(`GET /v1/deliveries/${id}`, { key });
    assert.deepEqual(
      [body.state, body.owner, body.attempts.map(({ number }) => number)],
      [state, owner, attempts.flatMap((one) => (one.id === id ? [one.number] : []))],
    );
  }
  const { body } = await api.call<{ total: { count: number } }>('GET /v1/stuck', { key });
  assert.equal(body.total.count, await countGivenUp(broker), 'GET /v1/stuck counts what is stuck');
}

async function countGivenUp({ pool, operatorId }: PressedBroker, endpointId?: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int from deliveries where operator_id = $1 and state = 'gave_up'
       and acknowledged_at is null and ($2::text is null or endpoint_id = $2)`,
    [operatorId, endpointId],
  );
  return rows[0]!.count;
}

/** No workflow of a finished delivery runs; that of an endpoint does while somebody must look. */
async function checkTemporal(broker: PressedBroker, history: ReadonlyMap<string, Moment[]>): Promise<void> {
  const singles = [...history].filter(([, moments]) => moments.some(({ owner }) => owner === 'self'));
  for (const [id] of singles)
    await eventually(
      `the workflow of ${id} to end`,
      async () => !(await broker.isRunning(deliveryWorkflowId(id))),
    );
  for (const id of broker.endpoints) {
    const gaveUp = await countGivenUp(broker, id);
    const workflowId = endpointWorkflowId(id);
    await eventually(`the workflow of ${id} to run only for what was given up`, async () => {
      return (await broker.isRunning(workflowId)) === gaveUp > 0;
    });
    if (gaveUp > 0)
      await eventually(
        `the workflow of ${id} to show ${gaveUp} given up`,
        async () => {
          const handle = broker.temporal.client.workflow.getHandle(workflowId);
          const status = await handle.query<EndpointStatus>(STATUS_QUERY);
          return status.held === 0 && status.about?.gaveUp === gaveUp;
        },
        20_000,
      );
  }
}
