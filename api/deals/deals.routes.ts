// Routes of deals and their versions.
import type { Router } from 'express';
import type { AddedVersion } from '../../store/agreements/deals.ts';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { byAffiliate, listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { dealView, versionView } from './deals.answers.ts';
import * as answers from './deals.answers.ts';
import { completeTerms, dealEnd, newDeal, newDealVersion } from './deals.schema.ts';

type Deps = {
  store: Pick<Store, 'deals' | 'affiliates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'retrySetAside' | 'startRerating' | 'applyAmendments'>;
};

export function addDealRoutes(router: Router, { store, auth, temporal }: Deps): void {
  /**
   * Starts the rerating and the retries that a new version calls for; the sweep starts any that
   * fail.
   */
  function apply(operatorId: string, dealId: string, { version, isRerating, retried }: AddedVersion): void {
    if (isRerating) void temporal.startRerating(operatorId, dealId, version);
    void temporal.retrySetAside(operatorId, retried);
  }

  addPath(router, '/v1/deals', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator } = callerOf(res);
        const {
          name,
          affiliate_id: affiliateId = null,
          effective_from: from = null,
          applies_to: appliesTo,
          terms: form,
        } = read(newDeal, req.body, callerOf(res));
        const terms = completeTerms(form, operator.currency);
        await requireAffiliate(store, operator.id, affiliateId, 'affiliate_id');
        const deal = { id: newId('deal'), name, affiliateId };
        const version = await store.deals.insert(operator.id, deal, from, terms, appliesTo);
        apply(operator.id, deal.id, version);
        res
          .status(201)
          .json(dealView({ ...deal, endedAt: null, createdAt: version.createdAt, versions: [version] }));
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        byAffiliate,
        (operatorId, page, { affiliate_id: id = null }) => store.deals.list(operatorId, id, page),
        dealView,
        answers.deal,
      ),
    ],
  });

  addPath(router, '/v1/deals/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const deal = await store.deals.find(callerOf(res).operator.id, idFromPath(req, 'deal'));
        if (deal === null) throw notFound('deal');
        res.json(dealView(deal));
      },
    ],
  });

  addPath(router, '/v1/deals/:id/versions', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator } = callerOf(res);
        const id = idFromPath(req, 'deal');
        const {
          effective_from: from = new Date(),
          applies_to: appliesTo,
          terms,
        } = read(newDealVersion, req.body, callerOf(res));
        const version = await store.deals.addVersion(
          operator.id,
          id,
          from,
          completeTerms(terms, operator.currency),
          appliesTo,
        );
        if (version === null) throw notFound('deal');
        if (version === 'date_taken')
          throw new ApiError('conflict', 'a version of this deal takes effect at this very time already');
        if (version === 'ended') throw new ApiError('not_possible', 'the deal has ended by then');
        if (version === 'other_currency')
          throw invalid([
            {
              path: 'terms.currency',
              code: 'other_currency',
              message: 'a deal keeps its currency; another one takes a deal of its own',
            },
          ]);
        apply(operator.id, id, version);
        res.status(201).json({ id, ...versionView(version) });
      },
    ],
  });

  addPath(router, '/v1/deals/:id/end', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const id = idFromPath(req, 'deal');
        const { at = null } = read(dealEnd, req.body);
        const { operator } = callerOf(res);
        const ended = await store.deals.end(operator.id, id, at);
        if (ended === null) throw notFound('deal');
        if (ended === 'before_first_version')
          throw new ApiError('not_possible', 'a deal cannot end before its first version begins');
        if (ended === 'ended')
          throw new ApiError('not_possible', 'the deal has ended at another time already');
        void temporal.applyAmendments(operator.id);
        void temporal.retrySetAside(operator.id, ended.retried);
        res.json(dealView(ended.deal));
      },
    ],
  });
}
