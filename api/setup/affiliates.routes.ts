// Affiliates, and their money.
import type { Router } from 'express';
import { formatMoney } from '../../domain/ledger/money.ts';
import { newId } from '../../store/db/ids.ts';
import type { Affiliate } from '../../store/attribution/affiliates.ts';
import type { Balance } from '../../store/ledger/balances.ts';
import type { Store } from '../../store/index.ts';
import type { Page } from '../../store/db/page.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { answerPage } from '../http/lists.ts';
import { addResource, idOf } from '../http/resource.ts';
import { ledgerFilter } from '../ledger/periods.schema.ts';
import { plainPage } from '../http/fields.ts';
import { invalid, read } from '../http/read.ts';
import { affiliateChange, newAffiliate } from './setup.schema.ts';
import { transferView } from '../ledger/views.ts';
import { findAffiliate, requireAffiliate } from '../http/affiliate-lookup.ts';

type Deps = { store: Pick<Store, 'affiliates' | 'balances'>; auth: Auth };

export function addAffiliateRoutes(router: Router, { store, auth }: Deps): void {
  addResource(router, '/v1/affiliates', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const {
          name,
          external_id: externalId = null,
          parent_id: parentId = null,
        } = read(newAffiliate, req.body);
        await requireAffiliate(store, operatorId, parentId, 'parent_id');
        const affiliate = await store.affiliates.insert(operatorId, {
          id: newId('aff'),
          name,
          externalId,
          parentId,
        });
        res.status(201).json(affiliateView(notTaken(affiliate)));
      },
    ],
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(plainPage, req.query);
        res.json(
          await answerPage(
            query,
            (page) => store.affiliates.list(callerOf(res).operator.id, page),
            affiliateView,
          ),
        );
      },
    ],
  });

  addResource(router, '/v1/affiliates/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(
          affiliateView(await findAffiliate(store, callerOf(res).operator.id, idOf(req, 'affiliate'))),
        );
      },
    ],
    patch: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { name, external_id: externalId, parent_id: parentId } = read(affiliateChange, req.body);
        const { id } = await findAffiliate(store, operatorId, idOf(req, 'affiliate'));
        await requireAffiliate(store, operatorId, parentId ?? null, 'parent_id');
        const affiliate = await store.affiliates.update(operatorId, id, { name, externalId, parentId });
        if (affiliate === null) throw notFound('affiliate');
        if (affiliate === 'circle')
          throw invalid([
            { path: 'parent_id', code: 'circle', message: 'an affiliate cannot stand above itself' },
          ]);
        res.json(affiliateView(notTaken(affiliate)));
      },
    ],
  });
}

export function addMoneyRoutes(router: Router, { store, auth }: Deps): void {
  addResource(router, '/v1/affiliates/:id/balance', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idOf(req, 'affiliate'));
        res.json({ balances: (await store.balances.find(operatorId, id)).map(balanceView) });
      },
    ],
  });

  addResource(router, '/v1/affiliates/:id/ledger', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(ledgerFilter, req.query);
        const { currency = null, from = null, to = null } = query;
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idOf(req, 'affiliate'));
        const rows = (page: Page) =>
          store.balances.listTransfers(operatorId, id, { currency, from, to }, page);
        res.json(await answerPage(query, rows, transferView));
      },
    ],
  });
}

function notTaken(affiliate: Affiliate | 'external_id_taken'): Affiliate {
  if (affiliate === 'external_id_taken')
    throw new ApiError('conflict', 'another affiliate has this external_id');
  return affiliate;
}

function affiliateView({ id, name, externalId, parentId, createdAt }: Affiliate) {
  return { id, name, external_id: externalId, parent_id: parentId, created_at: createdAt };
}

function balanceView({ currency, ...balance }: Balance) {
  return {
    currency,
    pending: formatMoney(balance.pendingMinor, currency),
    payable: formatMoney(balance.payableMinor, currency),
    in_payout: formatMoney(balance.inPayoutMinor, currency),
    paid: formatMoney(balance.paidMinor, currency),
    debt: formatMoney(balance.debtMinor, currency),
  };
}
