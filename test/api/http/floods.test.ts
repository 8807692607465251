// The caches of API keys and links under a flood of wrong keys and ids.
import { after, mock, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Request, Response } from 'express';
import { createOwnRules } from '../../../api/http/own.ts';
import { createAuth } from '../../../api/http/auth.ts';
import { newApiKey } from '../../../api/http/tokens.ts';
import { createLinkCache } from '../../../api/clicks/link-cache.ts';
import type { PublicLink } from '../../../store/attribution/links.ts';
import type { Caller } from '../../../store/access/callers.ts';

// The caches expire by this clock, and a flood may take longer than an entry lasts.
const now = performance.now();
mock.method(performance, 'now', () => now);
after(() => mock.restoreAll());

/** More than any of the caches holds. */
const wrong = Array.from({ length: 25_000 }, (_, number) => `wrong-${number}`);

const { text: validKey, hash: validHash } = newApiKey();
const caller = { operator: { id: 'op_1' }, key: { id: 'key_1' }, affiliate: null } as Caller;

/** An `Auth` with one valid key; `lookedUp` has the queried hashes. Look-ups wait for `answers`. */
function createKeys(answers: Promise<void> = Promise.resolve()) {
  const lookedUp: Buffer[] = [];
  let touches = 0;
  const auth = createAuth({
    callers: {
      async findByKey(hash) {
        lookedUp.push(hash);
        await answers;
        return hash.equals(validHash) ? caller : null;
      },
      findBySession: async () => null,
    },
    sessions: { findAdministrator: async () => null },
    cookie: { read: () => undefined },
    own: createOwnRules([], { find: async () => null }),
    parameters: (_req, _res, next) => next(),
    audit: { watch: () => {} },
    apiKeys: { touch: async () => void (touches += 1) },
    adminToken: 'admin',
    admission: { requireHttps: () => {}, admit: () => {} },
    signed: (_req, _res, next) => next(),
  });
  const pass = auth.scope('read');
  const call = async (key: string): Promise<void> => {
    await pass(
      { headers: { authorization: `Bearer ${key}` } } as Request,
      { locals: {} } as Response,
      () => {},
    );
  };
  return { auth, lookedUp, call, touches: () => touches };
}

async function flood(call: (one: string) => Promise<unknown>): Promise<void> {
  for (const one of wrong) await call(one).catch(() => {});
}

test('a valid API key stays cached through a flood of wrong keys', async () => {
  const { lookedUp, call, touches } = createKeys();
  await call(validKey);
  await flood(call);
  await call(validKey);
  assert.equal(lookedUp.filter((hash) => hash.equals(validHash)).length, 1);
  assert.equal(touches(), 1);
});

test('a wrong API key repeated at once is not looked up again', async () => {
  const { lookedUp, call } = createKeys();
  await flood(call);
  const lookups = lookedUp.length;
  await assert.rejects(call(wrong.at(-1)!), /not valid/);
  assert.equal(lookedUp.length, lookups);
});

test('a look-up of an API key in progress during `forget` is not cached', async () => {
  let answer = (): void => {};
  const answers = new Promise<void>((resolve) => (answer = resolve));
  const { auth, lookedUp, call } = createKeys(answers);
  const early = call(validKey);
  auth.forget();
  answer();
  await early;
  await call(validKey);
  assert.equal(lookedUp.length, 2);
});

test('a cached link redirects while PostgreSQL is away, also after a flood of wrong ids', async () => {
  const link = { id: 'lnk_1', landingUrl: 'https://shop.example/', params: {} } as PublicLink;
  let isAway = false;
  const links = createLinkCache({
    links: {
      async findPublic(id) {
        if (isAway) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
        return id === link.id ? link : null;
      },
    },
  });
  await links.find(link.id);
  await flood(links.find);
  isAway = true;
  assert.equal((await links.find(link.id))?.id, link.id);
  assert.equal(await links.find(wrong.at(-1)!), null);
  await assert.rejects(links.find('lnk_other'), /away/);
});
