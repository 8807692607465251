// Routes of API keys: create, list, revoke.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import { requireOpenAffiliate } from '../http/affiliate-lookup.ts';
import { callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { listOf, plainPage } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { newApiKey } from '../http/tokens.ts';
import { apiKeyView } from './api-keys.answers.ts';
import * as answers from './api-keys.answers.ts';
import { newKey } from './api-keys.schema.ts';
import type { Deps } from './operators.routes.ts';

export function addApiKeyRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/api-keys', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const {
          scopes,
          name = scopes.join(', '),
          affiliate_id: affiliateId = null,
          rate_per_second: ratePerSecond = null,
          expires_at: expiresAt = null,
        } = read(newKey, req.body);
        const operatorId = callerOf(res).operator.id;
        if (affiliateId !== null) await requireOpenAffiliate(store, operatorId, affiliateId, 'affiliate_id');
        const { text, hash, hint } = newApiKey();
        const key = await store.apiKeys.insert(operatorId, {
          id: newId('key'),
          name,
          hash,
          hint,
          scopes,
          affiliateId,
          ratePerSecond,
          expiresAt,
        });
        res.status(201).json({ ...apiKeyView(key), api_key: text });
      },
    ],
    get: [auth.scope('manage'), listOf(plainPage, store.apiKeys.list, apiKeyView, answers.apiKey)],
  });

  addPath(router, '/v1/api-keys/:id', {
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        if (!(await store.apiKeys.revoke(callerOf(res).operator.id, idFromPath(req, 'API key'))))
          throw notFound('API key');
        auth.forget();
        res.status(204).end();
      },
    ],
  });
}
