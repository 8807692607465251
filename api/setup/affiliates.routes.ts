// Routes of affiliates.
import type { Router } from 'express';
import type { Affiliate } from '../../store/attribution/affiliates.ts';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate, requireAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { affiliateView } from './affiliates.answers.ts';
import * as answers from './affiliates.answers.ts';
import { affiliateChange, affiliateFilter, newAffiliate } from './affiliates.schema.ts';

type Deps = {
  store: Pick<Store, 'affiliates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'applyAmendments' | 'rematchSoon'>;
};

export function addAffiliateRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/affiliates', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const {
          name,
          external_id: externalId = null,
          email = null,
          tax_id: taxId = null,
          country = null,
          parent_id: parentId = null,
          parent_since: parentSince = null,
          state = 'active',
        } = read(newAffiliate, req.body);
        await requireAffiliate(store, operatorId, parentId, 'parent_id');
        const affiliate = await store.affiliates.insert(operatorId, {
          id: newId('aff'),
          name,
          externalId,
          email,
          taxId,
          country,
          parentId,
          parentSince,
          state,
        });
        res.status(201).json(affiliateView(notTaken(affiliate)));
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        affiliateFilter,
        (operatorId, page, { state = null, q: search = null, ids = null }) =>
          store.affiliates.list(operatorId, { state, search, ids }, page),
        affiliateView,
        answers.affiliate,
      ),
    ],
  });

  addPath(router, '/v1/affiliates/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(
          affiliateView(await findAffiliate(store, callerOf(res).operator.id, idFromPath(req, 'affiliate'))),
        );
      },
    ],
    patch: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const {
          name,
          external_id: externalId,
          email,
          tax_id: taxId,
          country,
          parent_id: parentId,
          parent_since: since = null,
          state,
        } = read(affiliateChange, req.body);
        const { id } = await findAffiliate(store, operatorId, idFromPath(req, 'affiliate'));
        await requireAffiliate(store, operatorId, parentId ?? null, 'parent_id');
        const affiliate = await store.affiliates.update(operatorId, id, {
          name,
          externalId,
          email,
          taxId,
          country,
          state,
          ...(parentId !== undefined && { parent: { parentId, since } }),
        });
        if (affiliate === null) throw notFound('affiliate');
        if (affiliate === 'circle')
          throw invalid([
            { path: 'parent_id', code: 'circle', message: 'an affiliate cannot stand above itself' },
          ]);
        if (parentId !== undefined) void temporal.applyAmendments(operatorId);
        // What its keys may do follows its state.
        if (state !== undefined) auth.forget();
        // Events that a closed affiliate left without one may be attributed now.
        if (state !== undefined && state !== 'closed') temporal.rematchSoon(operatorId);
        res.json(affiliateView(notTaken(affiliate)));
      },
    ],
  });
}

function notTaken(affiliate: Affiliate | 'external_id_taken'): Affiliate {
  if (affiliate === 'external_id_taken')
    throw new ApiError('conflict', 'another affiliate has this external_id');
  return affiliate;
}
