// Routes of operators: the administrator's, who creates and lists them and makes keys, and those of
// an operator for its own settings.
import type { Router } from 'express';
import { formatMoney } from '../../domain/ledger/money.ts';
import { newId } from '../../store/db/ids.ts';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import type { Operator } from '../../store/setup/operators.ts';
import { SCOPES } from '../http/admission.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { answerList } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import { newApiKey } from '../http/tokens.ts';
import { apiKeyView } from './api-keys.answers.ts';
import { operatorSummary, operatorView, summaryView } from './operators.answers.ts';
import { amountOf } from '../ledger/amounts.ts';
import { administratorKey, newOperator, operatorChange, operatorFilter } from './operators.schema.ts';
export type Deps = {
  store: Pick<Store, 'operators' | 'apiKeys' | 'affiliates' | 'paymentDetails'>;
  auth: Auth;
};

export function addOperatorRoutes(router: Router, { store, auth }: Deps): void {
  async function refuseUnknownTimezone(timezone: string): Promise<void> {
    if (await store.operators.knowsTimezone(timezone)) return;
    const message = 'is not known to the database, or means another time zone there';
    throw invalid([{ path: 'timezone', code: 'unknown_timezone', message }]);
  }

  const view = async (operator: Operator) =>
    operatorView(operator, await store.paymentDetails.has(operator.id, operator.id));

  addPath(router, '/v1/operators', {
    post: [
      auth.admin,
      ...jsonBody,
      async (req, res) => {
        const operator = { id: newId('opr'), ...read(newOperator, req.body) };
        await refuseUnknownTimezone(operator.timezone);
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
    get: [
      auth.admin,
      async (req, res) => {
        const query = read(operatorFilter, req.query);
        const rows = (page: Page) => store.operators.list(query.q ?? null, page);
        await answerList(req, res, query, { rows, view: summaryView, schema: operatorSummary });
      },
    ],
  });

  addPath(router, '/v1/operators/:id/api-keys', {
    post: [
      auth.admin,
      ...jsonBody,
      async (req, res) => {
        const id = idFromPath(req, 'operator');
        const { name, scopes, expires_at: expiresAt = null } = read(administratorKey, req.body);
        if ((await store.operators.find(id)) === null) throw notFound('operator');
        const { text, hash, hint } = newApiKey();
        const key = await store.apiKeys.insert(id, { id: newId('key'), name, hash, hint, scopes, expiresAt });
        res.status(201).json({ ...apiKeyView(key), api_key: text });
      },
    ],
  });

  addPath(router, '/v1/operator', {
    get: [
      auth.scope('read'),
      async (_req, res) => {
        const operator = await store.operators.find(callerOf(res).operator.id);
        if (operator === null) throw notFound('operator');
        res.json(await view(operator));
      },
    ],
    patch: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const change = read(operatorChange, req.body, callerOf(res));
        if (change.timezone !== undefined) await refuseUnknownTimezone(change.timezone);
        const operator = await store.operators.update(callerOf(res).operator.id, {
          name: change.name,
          timezone: change.timezone,
          clickWindowDays: change.click_window_days,
          clickChoice: change.click_choice,
          existingCustomers: change.existing_customers,
          withoutTransactionId: change.without_transaction_id,
          repeatWindowHours: change.repeat_window_hours,
          allowedIps: change.allowed_ips,
          requireSignature: change.require_signature,
          ratePerSecond: change.rate_per_second,
          postbackAliases: change.postback_aliases,
          minimumPayouts: change.minimum_payouts && minimumsOf(change.minimum_payouts),
          shareCustomerIds: change.share_customer_ids,
          portalOrigins: change.portal_origins,
        });
        if (operator === null) throw notFound('operator');
        auth.forget();
        res.json(await view(operator));
      },
    ],
  });
}

/** Each amount at the decimals of its currency. */
function minimumsOf(given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([code, amount]) => {
      const minor = amountOf(amount, code, `minimum_payouts.${code}`, 'zero_or_more');
      return [code, formatMoney(minor, code)];
    }),
  );
}
