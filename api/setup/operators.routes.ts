// Operators and their API keys.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { ApiKey } from '../../store/setup/api-keys.ts';
import type { Operator } from '../../store/setup/operators.ts';
import type { Store } from '../../store/index.ts';
import { SCOPES } from '../http/admission.ts';
import { callerOf, newApiKey, type Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { answerPage } from '../http/lists.ts';
import { addResource, idOf } from '../http/resource.ts';
import { plainPage } from '../http/fields.ts';
import { read } from '../http/read.ts';
import { newKey, newOperator, operatorChange } from './setup.schema.ts';

type Deps = { store: Pick<Store, 'operators' | 'apiKeys'>; auth: Auth };

export function addOperatorRoutes(router: Router, { store, auth }: Deps): void {
  addResource(router, '/v1/operators', {
    post: [
      auth.admin,
      ...jsonBody,
      async (req, res) => {
        const operator = { id: newId('opr'), ...read(newOperator, req.body) };
        const { text, hash, hint } = newApiKey();
        await store.operators.insert(operator, {
          id: newId('key'),
          name: 'first',
          hash,
          hint,
          scopes: SCOPES,
          expiresAt: null,
        });
        res.status(201).json({ ...operator, api_key: text });
      },
    ],
  });

  addResource(router, '/v1/operator', {
    get: [
      auth.scope('read'),
      async (_req, res) => {
        const operator = await store.operators.find(callerOf(res).operator.id);
        if (operator === null) throw notFound('operator');
        res.json(operatorView(operator));
      },
    ],
    patch: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const change = read(operatorChange, req.body);
        const operator = await store.operators.update(callerOf(res).operator.id, {
          name: change.name,
          timezone: change.timezone,
          clickWindowDays: change.click_window_days,
          clickChoice: change.click_choice,
          withoutTransactionId: change.without_transaction_id,
          repeatWindowHours: change.repeat_window_hours,
          allowedIps: change.allowed_ips,
          requireSignature: change.require_signature,
          ratePerSecond: change.rate_per_second,
          postbackAliases: change.postback_aliases,
        });
        if (operator === null) throw notFound('operator');
        auth.forget();
        res.json(operatorView(operator));
      },
    ],
  });
}

export function addApiKeyRoutes(router: Router, { store, auth }: Deps): void {
  addResource(router, '/v1/api-keys', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const {
          name,
          scopes,
          rate_per_second: ratePerSecond = null,
          expires_at: expiresAt = null,
        } = read(newKey, req.body);
        const { text, hash, hint } = newApiKey();
        const key = await store.apiKeys.insert(callerOf(res).operator.id, {
          id: newId('key'),
          name,
          hash,
          hint,
          scopes,
          ratePerSecond,
          expiresAt,
        });
        res.status(201).json({ ...apiKeyView(key), api_key: text });
      },
    ],
    get: [
      auth.scope('manage'),
      async (req, res) => {
        const query = read(plainPage, req.query);
        res.json(
          await answerPage(query, (page) => store.apiKeys.list(callerOf(res).operator.id, page), apiKeyView),
        );
      },
    ],
  });

  addResource(router, '/v1/api-keys/:id', {
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        if (!(await store.apiKeys.revoke(callerOf(res).operator.id, idOf(req, 'API key'))))
          throw notFound('API key');
        auth.forget();
        res.status(204).end();
      },
    ],
  });
}

function operatorView(operator: Operator) {
  return {
    id: operator.id,
    name: operator.name,
    currency: operator.currency,
    timezone: operator.timezone,
    click_window_days: operator.clickWindowDays,
    click_choice: operator.clickChoice,
    without_transaction_id: operator.withoutTransactionId,
    repeat_window_hours: operator.repeatWindowHours,
    allowed_ips: operator.allowedIps,
    require_signature: operator.requireSignature,
    rate_per_second: operator.ratePerSecond,
    postback_aliases: operator.postbackAliases,
    created_at: operator.createdAt,
  };
}

function apiKeyView({ id, name, hint, scopes, ratePerSecond, createdAt, expiresAt, lastUsedAt }: ApiKey) {
  return {
    id,
    name,
    hint,
    scopes,
    rate_per_second: ratePerSecond,
    created_at: createdAt,
    expires_at: expiresAt,
    last_used_at: lastUsedAt,
  };
}
