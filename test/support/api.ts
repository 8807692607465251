// The API on a real database and a port of its own, with Temporal away: what the door does must not depend on it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../api/app.ts';
import type { Intake } from '../../api/intake.ts';
import type { Starter } from '../../api/starter.ts';
import { createGuard } from '../../delivery/guard.ts';
import { headerProblems } from '../../delivery/render.ts';
import { newSecret } from '../../delivery/sign.ts';
import { createLogger } from '../../log.ts';
import { eventKeyOf, insertEvents, readWinners } from '../../store/events.ts';
import { createStore, type Store } from '../../store/index.ts';
import type { Pool } from '../../store/pool.ts';
import { createSecretBox } from '../../store/secret-box.ts';
import { withDatabase } from './database.ts';

export const ADMIN_TOKEN = 'an administrator for tests';

export type Answer = { status: number; headers: Headers; body: any };
export type Call = (method: string, path: string, options?: { key?: string; body?: unknown; headers?: Record<string, string> }) => Promise<Answer>;

export type TestApi = {
  url: string;
  pool: Pool;
  store: Store;
  call: Call;
  /** A new operator with a key that may do everything. */
  newOperator(): Promise<{ id: string; key: string }>;
  close(): Promise<void>;
};
