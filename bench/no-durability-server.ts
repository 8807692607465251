// Upper bound: the same HTTP server, rules and signed postbacks without durability. A kill loses
// everything; there is no SQL, workflow or retry. Runs in its own process, as API and worker do.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createConcurrencyLimiter } from '../activities/delivery/concurrency-limiter.ts';
import { createAdmission, SCOPES } from '../api/http/admission.ts';
import { createAuth } from '../api/http/auth.ts';
import type { Intake, IntakeResult } from '../api/intake/intake.ts';
import { createOwnRules } from '../api/http/own.ts';
import { createRateLimits } from '../api/http/rate-limits.ts';
import { addEventRoutes } from '../api/events/events.routes.ts';
import { createGuard } from '../delivery/guard.ts';
import { render, type Recipient } from '../delivery/render.ts';
import { createSender } from '../delivery/send.ts';
import { NEWEST_API_VERSION } from '../domain/delivery/versions.ts';
import { newSecret, secretKey } from '../delivery/sign.ts';
import { bodyOf, conversionMessage } from '../domain/delivery/bodies.ts';
import type { Message } from '../domain/delivery/messages.ts';
import { newId } from '../store/db/ids.ts';
import { eventKeyOf, type IncomingEvent } from '../store/intake/event-inbox.ts';
import type { Caller } from '../store/access/callers.ts';
import type { Operator } from '../store/setup/operators.ts';
import type { Store } from '../store/index.ts';
import { answerQuestions } from './child.ts';
import { createMemory, type Memory } from './no-durability-memory.ts';

export type NoDurabilityQuestions = {
  /**
   * Serves an operator with these endpoints (by affiliate) and clicks (by id); returns the URL of
   * its API.
   */
  start(input: { endpoints: Map<string, string>; clicks: Map<string, string> }): Promise<string>;
};

const IN_FLIGHT_PER_ENDPOINT = 8;
const FAR_AWAY_MS = 3_600_000;
const OPERATOR: Operator = {
  id: 'opr_bench',
  name: 'Bench',
  currency: 'USD',
  timezone: 'UTC',
  clickWindowDays: 30,
  clickChoice: 'last',
  existingCustomers: 'bind',
  withoutTransactionId: null,
  repeatWindowHours: 24,
  allowedIps: [],
  requireSignature: false,
  ratePerSecond: null,
  postbackAliases: {},
  minimumPayouts: {},
  shareCustomerIds: false,
  portalOrigins: [],
  createdAt: new Date(),
};

const CALLER: Caller = {
  operator: OPERATOR,
  key: { id: 'key_bench', scopes: SCOPES, expiresAt: null, isRevoked: false, ratePerSecond: null },
  by: 'key',
  affiliate: null,
  eventTypes: new Map(),
  currencies: new Map(),
};

const guard = createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false });
const sender = createSender(guard);
const limiter = createConcurrencyLimiter();

async function start({ endpoints, clicks }: Parameters<NoDurabilityQuestions['start']>[0]): Promise<string> {
  const secrets = [secretKey(newSecret())];
  const recipients = new Map<string, Recipient>(
    [...endpoints].map(([affiliateId, url]) => [
      affiliateId,
      { url, method: 'POST', body: 'json', headers: {}, signing: 'v1', secrets },
    ]),
  );
  const intake = createMemoryIntake(
    createMemory({ ...OPERATOR, zones: [{ zone: 'UTC', since: -Infinity }] }, [...endpoints.keys()], clicks),
    recipients,
  );
  const auth = createAuth({
    callers: { findByKey: async () => CALLER, findBySession: async () => null },
    sessions: { findAdministrator: async () => null },
    cookie: { read: () => undefined },
    own: createOwnRules([], { find: async () => null }),
    audit: { watch: () => {} },
    apiKeys: { touch: async () => {} },
    adminToken: '',
    admission: createAdmission({ requireHttps: false, trustProxy: false }, createRateLimits()),
    signed: (_req, _res, next) => next(),
    parameters: (_req, _res, next) => next(),
  });
  const app = express();
  app.disable('x-powered-by').disable('etag');
  // Events are only posted here; no route reads the store.
  const store = {} as Store;
  const dryRun = () => Promise.reject(new Error('nothing is rehearsed here'));
  addEventRoutes(app, {
    store,
    auth,
    intake,
    temporal: { workflowUrl: () => null },
    refusals: { note: () => {} },
    dryRun,
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Settles concurrent events together in memory, answers, and sends. */
function createMemoryIntake(memory: Memory, recipients: ReadonlyMap<string, Recipient>): Intake {
  const seen = new Map<string, string>();
  let waiting: { incoming: IncomingEvent; resolve: (result: IntakeResult) => void }[] = [];

  const settleWaiting = (): void => {
    const group = waiting;
    waiting = [];
    const fresh: IncomingEvent[] = [];
    for (const { incoming, resolve } of group) {
      const key = eventKeyOf(incoming);
      const winner = seen.get(key);
      if (winner === undefined) {
        seen.set(key, incoming.event.id);
        fresh.push(incoming);
      }
      resolve({ kind: winner === undefined ? 'accepted' : 'duplicate', id: winner ?? incoming.event.id });
    }
    for (const message of memory.settle(fresh.map(({ event }) => event))) void send(message, recipients);
  };

  return {
    accept: (events) =>
      Promise.all(
        events.map(
          (incoming) =>
            new Promise<IntakeResult>((resolve) => {
              if (waiting.length === 0) setImmediate(settleWaiting);
              waiting.push({ incoming, resolve });
            }),
        ),
      ),
    drain: async () => {},
  };
}

async function send(message: Message, recipients: ReadonlyMap<string, Recipient>): Promise<void> {
  const { affiliateId } = message;
  const release = await limiter.acquire(affiliateId, IN_FLIGHT_PER_ENDPOINT, Date.now() + FAR_AWAY_MS);
  const now = new Date();
  const body = bodyOf(
    conversionMessage(message),
    { shareCustomerId: false, apiVersion: NEWEST_API_VERSION },
    now,
  );
  const postback = { id: newId('dlv'), type: message.type, body, try: 1 };
  await sender.send(render(postback, recipients.get(affiliateId)!, now.getTime()));
  release?.();
}

answerQuestions({ start } satisfies NoDurabilityQuestions);
