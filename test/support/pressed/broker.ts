// Operator of a property about deliveries: does what its commands say, over HTTP and in Temporal,
// and at the end lets everything go out.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { deliveryWorkflowId, endpointWorkflowId } from '../../../domain/keys.ts';
import type { TestApi } from '../api.ts';
import type { CountingReceiver, ReceiverMode } from '../counting-receiver.ts';
import { eventually } from '../eventually.ts';
import type { WorkflowHarness } from '../workflow-harness.ts';
import { ENDPOINTS, type Command } from './commands.ts';

export type Deps = { api: TestApi; harness: WorkflowHarness; receiver: CountingReceiver };

export type PressedBroker = Awaited<ReturnType<typeof withPressedBroker>>;

type Made = { id: string };
type Row = Made & { owner: string | null; state: string; pauseReason: string | null; endpointId: string };

const CALMS_WITHIN_MS = 45_000;

/** An operator with an affiliate, who has endpoints that differ in what they allow. */
export async function withPressedBroker({ api, harness, receiver }: Deps, modes: readonly ReceiverMode[]) {
  const { pool, temporal } = harness;
  const { id: operatorId, key } = await api.newOperator();
  const call = async (request: string, body?: object, most = 422): Promise<Made> => {
    const answer = await api.call<Made>(request, { key, ...(body && { body }) });
    assert.ok(answer.status <= most, `${request}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const made = (request: string, body: object): Promise<Made> => call(request, body, 202);
  const { id: affiliateId } = await made('POST /v1/affiliates', { name: 'Pressed Media' });
  const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
  await made('POST /v1/deals', { name: 'Standard', affiliate_id: affiliateId, terms: { components } });
  const landing = { affiliate_id: affiliateId, landing_url: 'https://broker.example/' };
  const link = await made('POST /v1/links', landing);
  const click = (await made('POST /v1/clicks', { link_id: link.id })) as unknown as { click_id: string };
  const settings = [
    { schedule: [0, 0, 1, 1, 1, 1] },
    { schedule: [0, 0, 0], max_in_flight: 1 },
    { schedule: [0, 1, 1, 1], rate_per_second: 30 },
  ];
  const pathOf = (number: number): string => `/${operatorId}/${number}`;
  const endpoints: string[] = [];
  for (let number = 0; number < ENDPOINTS; number++) {
    const endpoint = { affiliate_id: affiliateId, url: receiver.url(pathOf(number)), ...settings[number] };
    endpoints.push((await made('POST /v1/endpoints', endpoint)).id);
    receiver.set(pathOf(number), modes[number]!);
  }
  const replays: string[] = [];
  const actions: string[] = [];
  let sent = 0;
  /** Sales that may be charged back, each once. */
  const open: string[] = [];
  /** Answers and errors of Temporal that say something about a workflow that is gone. */
  const tolerated = (error: unknown): void => {
    if (!/not found|already completed/i.test(String(error))) throw error as Error;
  };

  async function deliveries(): Promise<Row[]> {
    const { rows } = await pool.query<Row>(
      `select id, owner, state, pause_reason as "pauseReason", endpoint_id as "endpointId" from deliveries
       where operator_id = $1 order by state in ('delivered', 'cancelled'), id desc`,
      [operatorId],
    );
    return rows;
  }
  /** Rather one that is under way than another, and rather one that is not delivered. */
  async function picked(pick: number): Promise<string | null> {
    const rows = await deliveries();
    const sending = rows.filter(({ id }) => receiver.isUnderWay(id));
    const some = pick % 2 === 0 && sending.length > 0 ? sending : rows.slice(0, 30);
    return some.length === 0 ? null : some[pick % some.length]!.id;
  }
  /** An endpoint that was deleted refuses. */
  const keep = (ids: string[], { id }: Partial<Made>): void => void (id !== undefined && ids.push(id));
  const oneOf = (ids: readonly string[], pick: number): string | undefined => ids[pick % ids.length];

  async function press(command: Command): Promise<void> {
    switch (command.kind) {
      case 'send': {
        const sale = { event: 'sale', click_id: click.click_id, amount: '100.00', currency: 'USD' };
        const sales = Array.from({ length: command.sales }, () => `t-${(sent += 1)}`);
        const reversed = open.splice(0, command.chargebacks);
        open.push(...sales);
        const events = [
          ...sales.map((id) => ({ ...sale, transaction_id: id, customer_id: id })),
          ...reversed.map((id) => ({ event: 'chargeback', transaction_id: `${id}-back`, reference: id })),
        ];
        await made('POST /v1/events/batch', { events });
        return;
      }
      case 'mode':
        return receiver.set(pathOf(command.endpoint), command.mode);
      case 'press': {
        const id = await picked(command.pick);
        for (const action of id === null ? [] : command.actions)
          await call(`POST /v1/deliveries/${id}/${action}`);
        return;
      }
      case 'signal': {
        const id = await picked(command.pick);
        const handle = temporal.client.workflow.getHandle(deliveryWorkflowId(id ?? 'none'));
        return handle.signal(command.signal).catch(tolerated);
      }
      case 'signal-endpoint': {
        const handle = temporal.client.workflow.getHandle(endpointWorkflowId(endpoints[command.endpoint]!));
        return handle.signal(command.signal).catch(tolerated);
      }
      case 'end': {
        const id =
          command.of === 'delivery'
            ? deliveryWorkflowId((await picked(command.pick)) ?? 'none')
            : endpointWorkflowId(oneOf(endpoints, command.pick)!);
        const handle = temporal.client.workflow.getHandle(id);
        await (command.how === 'cancel' ? handle.cancel() : handle.terminate()).catch(tolerated);
        return;
      }
      case 'switch':
        await call(`POST /v1/endpoints/${endpoints[command.endpoint]}/${command.action}`);
        return;
      case 'move': {
        const url = `${receiver.url(pathOf(command.endpoint))}?to=${command.to}`;
        await call(`PATCH /v1/endpoints/${endpoints[command.endpoint]}`, { url });
        return;
      }
      case 'delete':
        await call(`DELETE /v1/endpoints/${endpoints.at(-1)}`);
        return;
      case 'replay': {
        const { states, endpoint, rate } = command;
        const filter = endpoint === null ? {} : { endpoint_id: endpoints[endpoint] };
        const pace = rate === null ? {} : { rate_per_second: rate };
        return keep(replays, await call('POST /v1/replays', { states, ...filter, ...pace }));
      }
      case 'cancel-replay': {
        const id = oneOf(replays, command.pick);
        if (id !== undefined) await call(`DELETE /v1/replays/${id}`);
        return;
      }
      case 'act': {
        const { action, endpoint, state } = command;
        const filter = {
          ...(endpoint === null ? {} : { endpoint_id: endpoints[endpoint] }),
          ...(state === null ? {} : { state }),
        };
        return keep(actions, await call(`POST /v1/stuck/${action}`, { all: true, ...filter }));
      }
      case 'cancel-act': {
        const id = oneOf(actions, command.pick);
        if (id !== undefined) await call(`DELETE /v1/stuck/actions/${id}`);
        return;
      }
      case 'sweep':
        await harness.testActivities.activities.sweepOnce();
        return;
      case 'wait':
        await delay(command.ms);
    }
  }

  /** Whether Temporal runs a workflow now. */
  async function isRunning(workflowId: string): Promise<boolean> {
    const found = await temporal.client.workflow.getHandle(workflowId).describe().catch(tolerated);
    return found?.status.name === 'RUNNING';
  }

  return {
    operatorId,
    pool,
    api,
    key,
    receiver,
    temporal,
    endpoints,
    replays,
    actions,
    press,
    deliveries,
    isRunning,

    /** Each unfinished delivery has a workflow, a queue with one, or a predecessor. */
    async checkOwners(): Promise<void> {
      await eventually(
        'every unfinished delivery to have an owner',
        async () => {
          await harness.testActivities.activities.sweepOnce();
          const rows = await deliveries();
          const unfinished = new Set(rows.flatMap(({ id, owner }) => (owner === null ? [] : [id])));
          const { rows: waiting } = await pool.query<{ id: string; after: string }>(
            `select id, predecessor_id as after from deliveries where operator_id = $1 and owner = 'predecessor'`,
            [operatorId],
          );
          const needed = new Set(
            rows.flatMap(({ id, owner, endpointId }) => {
              if (owner === 'self') return [deliveryWorkflowId(id)];
              return owner === 'endpoint' ? [endpointWorkflowId(endpointId)] : [];
            }),
          );
          const running = await Promise.all([...needed].map(isRunning));
          return running.every(Boolean) && waiting.every(({ after }) => unfinished.has(after));
        },
        CALMS_WITHIN_MS,
      );
    },

    /** Lets everything go out, and waits until nothing is left to do. */
    async calmDown(): Promise<void> {
      for (let number = 0; number < ENDPOINTS; number++) receiver.set(pathOf(number), 'ok');
      const left = await eventually(
        'everything to be finished',
        async () => {
          for (const id of endpoints)
            for (const action of ['resume', 'enable']) await call(`POST /v1/endpoints/${id}/${action}`);
          for (const { id, pauseReason } of await deliveries())
            if (pauseReason !== null) await call(`POST /v1/deliveries/${id}/resume`);
          await harness.testActivities.activities.sweepOnce();
          const { rows } = await pool.query<{ left: number }>(
            `select (select count(*)::int from deliveries where operator_id = $1 and owner is not null)
               + (select count(*)::int from replays where operator_id = $1 and state = 'running')
               + (select count(*)::int from replay_items where operator_id = $1)
               + (select count(*)::int from stuck_actions where operator_id = $1 and state = 'running')
               + (select count(*)::int from events e where operator_id = $1 and not exists (
                   select from event_outcomes o where o.operator_id = $1 and o.event_id = e.id)) as left`,
            [operatorId],
          );
          return rows[0]!.left === 0;
        },
        CALMS_WITHIN_MS,
      );
      assert.ok(left);
    },

    /** Deliveries by state, for the run's diagnostics. */
    async summary(): Promise<string> {
      const { rows } = await pool.query<{ text: string }>(
        `select count(*) || ' ' || state as text from deliveries where operator_id = $1 group by state order by 1`,
        [operatorId],
      );
      return `${rows.map(({ text }) => text).join(', ')}; ${replays.length} replays, ${actions.length} actions`;
    },
  };
}
