// API server on a real database and a port of its own; without Temporal, since no HTTP answer may
// depend on it, or on the Temporal and the workers of a harness.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { createSettle } from '../../activities/settlement/settle.ts';
import { createPageFiles } from '../../api/access/page-files.ts';
import { createProcessMetrics } from '../../process-metrics.ts';
import { createApp, type AppDeps } from '../../api/app.ts';
import { createClickWriter } from '../../api/clicks/click-writer.ts';
import { createLinkCache } from '../../api/clicks/link-cache.ts';
import { createDispatcher } from '../../api/intake/dispatcher.ts';
import { createDryRun } from '../../api/intake/dry-run.ts';
import { createIntake } from '../../api/intake/intake.ts';
import { createApiMetrics } from '../../api/process/metrics.ts';
import { readBacklog } from '../../store/upkeep/backlog.ts';
import { createRefusalLog } from '../../api/intake/refusals.ts';
import { createAudit } from '../../api/http/audit.ts';
import { createHttpServer, type CallerLimits } from '../../api/http/server.ts';
import { createTemporal, type Temporal } from '../../api/temporal.ts';
import { createGuard } from '../../delivery/guard.ts';
import { createMailer } from '../../delivery/mail.ts';
import { createMessenger } from '../../delivery/messenger.ts';
import { createPreflight } from '../../delivery/preflight.ts';
import { headerProblems } from '../../delivery/render.ts';
import { createSender } from '../../delivery/send.ts';
import { makeSecret, readSecret, secretKey, verify } from '../../delivery/sign.ts';
import { createLogger, type Logger } from '../../log.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { createPayloadCodec, createWireCodec } from '../../workflows/payload-codec.ts';
import { createStore, type Store } from '../../store/index.ts';
import type { Pool } from '../../store/db/pool.ts';
import { createConformance, type Conformance } from './conformance.ts';
import { withDatabase } from './database.ts';
import { SECRET_BOX } from './operator.ts';
import { freePort } from './ports.ts';
import type { WorkflowHarness } from './workflow-harness.ts';

/** Response with its parsed body; `body` is null where the response has none. */
export type Answer<Body> = { status: number; headers: Headers; body: Body };

export interface TestApi {
  readonly url: string;
  readonly pool: Pool;
  readonly store: Store;
  /** Every route: its methods, and its path with `:` before each parameter. */
  readonly routes: { methods: string[]; path: string }[];
  /** Events that intake handed to the dispatcher, in order. */
  readonly accepted: { operatorId: string; id: string }[];
  /** Operators whose orphans were scheduled for rematching, in order. */
  readonly rematched: string[];
  /**
   * Workflow calls in order: `retry <reason>`, `show <reason>`, `rerate <deal>/<version>`, `amend
   * <operator>`.
   */
  readonly workflowCalls: string[];
  /** Checks every response to `call` against the OpenAPI document. */
  readonly conformance: Conformance;
  /**
   * Sends a request; `body` is sent as JSON unless it is text already. Throws when the OpenAPI
   * document does not describe the response.
   */
  call<Body = Record<string, unknown>>(request: string, options?: CallOptions): Promise<Answer<Body>>;
  /** Creates an operator with a key that has every scope. */
  newOperator(): Promise<{ id: string; key: string }>;
  /** For `after`. */
  close(): Promise<void>;
}

type CallOptions = { key?: string; body?: unknown; headers?: Record<string, string> };

export const ADMIN_TOKEN = 'the administrator of this test';

export const TEST_CODEC = {
  ...createWireCodec(createPayloadCodec(SECRET_BOX)),
  token: 'a token of those who watch',
  uiOrigin: 'http://ui.example',
};

type ApiOptions = {
  config?: Partial<AppDeps['config']>;
  limits?: CallerLimits;
  log?: Logger;
  codec?: AppDeps['codec'];
  /** Server of mail; by default none. */
  smtp?: { url: string; from: string };
  /** Where the console is built; by default nowhere. */
  pagesFolder?: string;
  /** Whose database and Temporal the API uses, and leaves to it. */
  harness?: Pick<WorkflowHarness, 'pool' | 'temporal'>;
};

/**
 * Starts the API on an empty database, or on that of a harness. Requests are written `POST
 * /v1/events`.
 */
export async function withApi({
  config: given,
  limits,
  log = createLogger('silent', 'test'),
  codec = TEST_CODEC,
  smtp,
  pagesFolder = '/nowhere',
  harness,
}: ApiOptions = {}): Promise<TestApi> {
  const database = harness === undefined ? await withDatabase() : null;
  const pool = harness?.pool ?? database!.pool;
  const store = createStore(pool, SECRET_BOX);
  /** The clock advances by a minute per call, so the metrics never serve a cached backlog. */
  let clock = 0;
  const accepted: { operatorId: string; id: string }[] = [];
  const metrics = createApiMetrics({
    registry: createProcessMetrics({ pool, version: '1.2.3', commit: undefined }),
    readBacklog: () => readBacklog(pool),
    dispatcher: () => ({ started: 0, inFlight: 0, waiting: accepted.length }),
    now: () => (clock += 60_000),
  });
  const connection =
    harness?.temporal.connection ?? Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  const client = harness?.temporal.client ?? new Client({ connection });
  const dispatcher = harness && createDispatcher({ client, log, isSettled: store.traces.isSettled });
  const intake = createIntake({
    pool,
    onAccepted(events) {
      accepted.push(...events);
      dispatcher?.dispatch(events);
    },
    onWritten: metrics.ingested,
  });
  const rematched: string[] = [];
  const reaching = createTemporal({
    pool,
    client,
    connection,
    workflows: createWorkflowClient(client, harness ? {} : { callTimeoutMs: 100 }),
    uiUrl: 'http://ui.example',
    log,
  });
  const started: string[] = [];
  const noting: Temporal = {
    ...reaching,
    rematchSoon: (operatorId) => void rematched.push(operatorId),
    retrySetAside: async (_, reasons) => void started.push(...reasons.map((reason) => `retry ${reason}`)),
    applyAmendments: async (operatorId) => void started.push(`amend ${operatorId}`),
    wakeEndpoint: async (_, endpointId, name = 'wake') => void started.push(`${name} ${endpointId}`),
    startDelivery: async (_, deliveryId, name) => void started.push(`${name ?? 'start'} ${deliveryId}`),
    startRerating: async (_, dealId, version) => void started.push(`rerate ${dealId}/${version}`),
  };
  const temporal = harness ? reaching : noting;
  const clickWriter = createClickWriter({
    clicks: store.clicks,
    onLate: (ids) => ids.forEach(temporal.rematchSoon),
    log,
  });
  const guard = createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false });
  const preflight = createPreflight(guard, { totalMs: 500 });
  const sender = createSender(guard, { totalMs: 500 });
  const mailer = createMailer(smtp ?? null);
  const messenger = createMessenger({ sender, mailer });
  const config: AppDeps['config'] = {
    adminToken: ADMIN_TOKEN,
    publicUrl: 'http://track.example',
    trustProxy: false,
    requireHttps: false,
    egressAddresses: ['203.0.113.7'],
    temporal: { uiUrl: 'http://ui.example' },
    ...given,
  };
  const dryRun = createDryRun({ pool, createSettle });
  const refusals = createRefusalLog({ store: store.refusals, onRefused: metrics.refused, log });
  const audit = createAudit({ store: store.auditLog, log });
  const signing = { secretKey, verify };
  const app = createApp({
    config,
    store,
    intake,
    clickWriter,
    linkCache: createLinkCache(store),
    dryRun,
    temporal,
    endpointRules: { guard, headerProblems },
    makeSecret,
    readSecret,
    preflight,
    messenger,
    pageFiles: createPageFiles(pagesFolder),
    signing,
    audit,
    codec,
    refusals,
    metrics,
    stopping: new AbortController().signal,
    log,
  });
  const server = createHttpServer(app, limits);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const conformance = createConformance();

  async function call<Body>(
    request: string,
    { key, body, headers = {} }: CallOptions = {},
  ): Promise<Answer<Body>> {
    const [method = '', path = ''] = request.split(' ');
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answered = (text === '' ? null : JSON.parse(text)) as Body;
    const sent = typeof body === 'string' ? undefined : body;
    conformance.check({ method, path, sent, status: response.status, answered });
    return { status: response.status, headers: response.headers, body: answered };
  }

  return {
    url,
    pool,
    store,
    routes: routesOf(app),
    accepted,
    rematched,
    workflowCalls: started,
    conformance,
    call,
    async newOperator() {
      const operator = { name: 'Test Broker', currency: 'USD' };
      const { status, body } = await call<{ id: string; api_key: string }>('POST /v1/operators', {
        key: ADMIN_TOKEN,
        body: operator,
      });
      assert.equal(status, 201);
      return { id: body.id, key: body.api_key };
    },
    async close() {
      server.close();
      server.closeAllConnections();
      mailer.close();
      await sender.close();
      await refusals.flush();
      await audit.flush();
      await dispatcher?.drain(1000);
      if (harness === undefined) await connection.close();
      await database?.drop();
    },
  };
}

/** Express keeps one layer per route; its last handler refuses every other method. */
function routesOf(app: ReturnType<typeof createApp>): TestApi['routes'] {
  type Layer = { route?: { path: string; methods: Record<string, boolean> } };
  return (app.router.stack as unknown as Layer[]).flatMap(({ route }) => {
    if (route === undefined) return [];
    const methods = Object.keys(route.methods).filter((name) => name !== '_all');
    return [{ methods: methods.map((name) => name.toUpperCase()), path: route.path }];
  });
}
