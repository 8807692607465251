// The API on a real database and a port of its own, with Temporal away: what the front door does must not depend on it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { createApp } from '../../api/app.ts';
import { createClickRecorder } from '../../api/click-recorder.ts';
import { createIntake } from '../../api/intake.ts';
import { createStarter } from '../../api/starter.ts';
import { createGuard } from '../../delivery/guard.ts';
import { createPreflight } from '../../delivery/preflight.ts';
import { headerProblems } from '../../delivery/render.ts';
import { makeSecret } from '../../delivery/sign.ts';
import { createLogger } from '../../log.ts';
import { createOwners } from '../../owners.ts';
import { createStore, type Store } from '../../store/index.ts';
import type { Pool } from '../../store/pool.ts';
import { createSecretBox } from '../../store/secret-box.ts';
import { withDatabase } from './database.ts';
import { freePort } from './ports.ts';

/** An answer with its body parsed; `body` is null where there is none. */
export type Answer<Body> = { status: number; headers: Headers; body: Body };

export interface TestApi {
  readonly url: string;
  readonly pool: Pool;
  readonly store: Store;
  /** Events that intake handed on, in order. */
  readonly accepted: { operatorId: string; id: string }[];
  /** Operators whose orphans were to be looked through again, in order. */
  readonly rematched: string[];
  /** Sends a request; `body` goes as JSON unless it is text already. */
  call<Body = Record<string, unknown>>(request: string, options?: CallOptions): Promise<Answer<Body>>;
  /** A new operator with a key that may do everything. */
  newOperator(): Promise<{ id: string; key: string }>;
  /** For `after`. */
  close(): Promise<void>;
}

export type CallOptions = { key?: string; body?: unknown; headers?: Record<string, string> };

export const ADMIN_TOKEN = 'the administrator of this test';

/** An API with an empty database. Requests are written `POST /v1/events`. */
export async function withApi(): Promise<TestApi> {
  const database = await withDatabase();
  const { pool } = database;
  const log = createLogger('silent', 'test');
  const store = createStore(pool, createSecretBox([{ id: 'test', key: Buffer.alloc(32, 1) }]));
  const accepted: { operatorId: string; id: string }[] = [];
  const intake = createIntake({ pool, onAccepted: (events) => accepted.push(...events) });
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  const client = new Client({ connection });
  const rematched: string[] = [];
  const reaching = createStarter({
    pool,
    client,
    connection,
    owners: createOwners(client, 100),
    uiUrl: 'http://ui.example',
    log,
  });
  const starter = { ...reaching, matchOrphans: (operatorId: string) => void rematched.push(operatorId) };
  const recorder = createClickRecorder({ clicks: store.clicks, onLate: (ids) => ids.forEach(starter.matchOrphans), log });
  const guard = createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false });
  const preflight = createPreflight(guard, { totalMs: 500 });
  const config = { adminToken: ADMIN_TOKEN, publicUrl: 'http://track.example', trustProxy: false as const };
  const server = createServer(
    createApp({ config, store, intake, recorder, starter, guard, headerProblems, makeSecret, preflight, log }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function call<Body>(request: string, { key, body, headers = {} }: CallOptions = {}): Promise<Answer<Body>> {
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
    return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as Body };
  }

  return {
    url,
    pool,
    store,
    accepted,
    rematched,
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
      await connection.close();
      await database.drop();
    },
  };
}
