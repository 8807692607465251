// Routes of payment details: those of an affiliate, and the account that the operator pays from.
import type { Router } from 'express';
import type { PaymentDetails } from '../../domain/ledger/payment-details.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { paymentDetailsView, payoutAccountView } from './payment-details.answers.ts';
import { bankAccount, paymentDetails } from './payment-details.schema.ts';

type Deps = { store: Pick<Store, 'affiliates' | 'paymentDetails'>; auth: Auth };

export function addPaymentDetailsRoutes(router: Router, { store, auth }: Deps): void {
  async function find(operatorId: string, party: string, what: string) {
    const stored = await store.paymentDetails.find(operatorId, party);
    if (stored === null) throw notFound(what);
    return stored;
  }
  async function put(operatorId: string, party: string, details: PaymentDetails, actor: string) {
    const updatedAt = await store.paymentDetails.put(operatorId, party, details, actor);
    return { details, updatedAt, updatedBy: actor };
  }

  addPath(router, '/v1/affiliates/:id/payment-details', {
    put: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const { id } = await findAffiliate(store, operator.id, idFromPath(req, 'affiliate'));
        const given = read(paymentDetails, req.body);
        const details = given.method === 'bank' ? { ...given, bic: given.bic ?? null } : given;
        res.json(paymentDetailsView(id, await put(operator.id, id, details, key.id)));
      },
    ],
    get: [
      auth.scope('read'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idFromPath(req, 'affiliate'));
        res.json(paymentDetailsView(id, await find(operatorId, id, 'payment details')));
      },
    ],
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idFromPath(req, 'affiliate'));
        await store.paymentDetails.remove(operatorId, id);
        res.status(204).end();
      },
    ],
  });

  addPath(router, '/v1/operator/payout-account', {
    put: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const { holder, iban, bic = null } = read(bankAccount, req.body);
        const details = { method: 'bank', holder, iban, bic } as const;
        res.json(payoutAccountView(await put(operator.id, operator.id, details, key.id)));
      },
    ],
    get: [
      auth.scope('read'),
      async (_req, res) => {
        const operatorId = callerOf(res).operator.id;
        res.json(payoutAccountView(await find(operatorId, operatorId, 'payout account')));
      },
    ],
    delete: [
      auth.scope('manage'),
      async (_req, res) => {
        const operatorId = callerOf(res).operator.id;
        await store.paymentDetails.remove(operatorId, operatorId);
        res.status(204).end();
      },
    ],
  });
}
