// Routes of notice channels: where notices go beside the operator's webhooks, and a test of one.
import type { Router } from 'express';
import { LRUCache } from 'lru-cache';
import type { Messenger } from '../../delivery/messenger.ts';
import { testMessageOf } from '../../domain/delivery/channels.ts';
import { newId } from '../../store/db/ids.ts';
import { CHANNELS_AT_MOST } from '../../store/delivery/notice-channels.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { listOf, plainPage } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import { channel, channelTrialView, channelView } from './notice-channels.answers.ts';
import { newChannel, targetOf } from './notice-channels.schema.ts';

/** The part of an endpoint's rules that a channel's URL keeps too. */
type UrlRules = {
  guard: {
    check(
      url: string,
    ): Promise<{ ok: true } | { ok: false; code: 'blocked_address' | 'invalid_request'; message: string }>;
  };
};

type Deps = {
  store: Pick<Store, 'noticeChannels'>;
  auth: Auth;
  endpointRules: UrlRules;
  messenger: Messenger;
  config: { publicUrl: string };
};

/** Tests of an operator in each API process, so that nobody is flooded by them. */
const TESTS_AT_MOST = 6;
const TESTS_PER_MS = 60_000;
const COUNTED_OPERATORS = 10_000;

export function addNoticeChannelRoutes(
  router: Router,
  { store, auth, endpointRules, messenger, config }: Deps,
): void {
  const tests = new LRUCache<string, number>({ max: COUNTED_OPERATORS, ttl: TESTS_PER_MS });

  function countTest(operatorId: string): void {
    const count = tests.get(operatorId) ?? 0;
    if (count >= TESTS_AT_MOST)
      throw new ApiError('rate_limited', `${TESTS_AT_MOST} tests were made within a minute`, {
        retryAfterSeconds: Math.ceil(tests.getRemainingTTL(operatorId) / 1000),
      });
    tests.set(operatorId, count + 1, { noUpdateTTL: true });
  }

  addPath(router, '/v1/notice-channels', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const given = read(newChannel, req.body);
        const { kind, notices } = given;
        const target = targetOf(given);
        if (kind === 'slack') {
          const verdict = await endpointRules.guard.check(target);
          if (!verdict.ok)
            throw invalid([{ path: 'url', code: verdict.code, message: verdict.message }], verdict.code);
        }
        const shown = kind === 'mail' ? target : new URL(target).host;
        const row = { id: newId('nch'), kind, notices, target, shown };
        const made = await store.noticeChannels.insert(callerOf(res).operator.id, row);
        if (made === null)
          throw invalid([
            { path: 'kind', code: 'too_many', message: `there may be at most ${CHANNELS_AT_MOST} channels` },
          ]);
        res.status(201).json(channelView(made));
      },
    ],
    get: [auth.scope('read'), listOf(plainPage, store.noticeChannels.list, channelView, channel)],
  });

  addPath(router, '/v1/notice-channels/:id', {
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const id = idFromPath(req, 'notice channel');
        if (!(await store.noticeChannels.remove(callerOf(res).operator.id, id)))
          throw notFound('notice channel');
        res.status(204).end();
      },
    ],
  });

  addPath(router, '/v1/notice-channels/:id/test', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operator } = callerOf(res);
        const found = await store.noticeChannels.target(operator.id, idFromPath(req, 'notice channel'));
        if (found === null) throw notFound('notice channel');
        countTest(operator.id);
        const message = testMessageOf(found.notices, operator.name, `${config.publicUrl}/console`);
        const failure = await messenger.send(found, message);
        res.json(channelTrialView(found.kind, message.subject, failure));
      },
    ],
  });
}
