// Routes of commissions: the list, one commission, approval and rejection, and the release of
// holds.
import type { Request, Response, Router } from 'express';
import type { Store } from '../../store/index.ts';
import type { AskedVerdict, Choice, Decided } from '../../store/ledger/decisions.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { commissionView, wholeCommissionView } from './commissions.answers.ts';
import * as answers from './commissions.answers.ts';
import {
  approval,
  approvals,
  commissionFilter,
  holdRelease,
  rejection,
  rejections,
} from './commissions.schema.ts';

type Deps = {
  store: Pick<Store, 'affiliates' | 'commissions' | 'decisions' | 'holds'>;
  auth: Auth;
  temporal: Pick<Temporal, 'applyAmendments' | 'wakeEndpoints'>;
};

/** A longer release is answered with `more`, before the timeouts of common proxies. */
const RELEASE_WITHIN_MS = 25_000;

export function addCommissionRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/holds/release', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { before = null } = read(holdRelease, req.body);
        const operatorId = callerOf(res).operator.id;
        const result = await store.holds.release(operatorId, before, Date.now() + RELEASE_WITHIN_MS);
        await temporal.wakeEndpoints(operatorId, result.endpointsToWake);
        res.json({ released: result.released, more: result.more });
      },
    ],
  });

  addPath(router, '/v1/commissions', {
    get: [
      auth.scope('read'),
      listOf(
        commissionFilter,
        (operatorId, page, query) => {
          const { affiliate_id: affiliateId = null, state = null, currency = null, period = null } = query;
          return store.commissions.list(operatorId, { affiliateId, state, currency, period }, page);
        },
        commissionView,
        answers.commission,
      ),
    ],
  });

  addDecisionRoutes(router, { store, auth, temporal }, 'approve');
  addDecisionRoutes(router, { store, auth, temporal }, 'reject');

  addPath(router, '/v1/commissions/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(await find(store, callerOf(res).operator.id, idFromPath(req, 'commission')));
      },
    ],
  });
}

const DECISIONS = {
  approve: { verdict: 'approved', one: approval, many: approvals },
  reject: { verdict: 'rejected', one: rejection, many: rejections },
} as const satisfies Record<string, { verdict: AskedVerdict; one: object; many: object }>;

/** One commission by its path, or many by their ids or their affiliate. */
function addDecisionRoutes(
  router: Router,
  { store, auth, temporal }: Deps,
  name: keyof typeof DECISIONS,
): void {
  const { verdict, one, many } = DECISIONS[name];
  const decide = async (res: Response, choice: Choice, reason: string | undefined): Promise<Decided> => {
    const { operator, key } = callerOf(res);
    const decided = await store.decisions.decide(operator.id, choice, verdict, {
      actor: key.id,
      reason: reason ?? null,
    });
    await temporal.wakeEndpoints(operator.id, decided.endpointsToWake);
    if (decided.appliesChanges) void temporal.applyAmendments(operator.id);
    return decided;
  };

  addPath(router, `/v1/commissions/${name}`, {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req: Request, res: Response) => {
        const { ids, affiliate_id: affiliateId, before, reason } = read(many, req.body);
        await requireAffiliate(store, callerOf(res).operator.id, affiliateId ?? null, 'affiliate_id');
        const choice = ids === undefined ? { affiliateId: affiliateId!, before: before! } : { ids };
        const { results, more } = await decide(res, choice, reason);
        res.json({ results, more });
      },
    ],
  });

  addPath(router, `/v1/commissions/:id/${name}`, {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const id = idFromPath(req, 'commission');
        const { reason } = read(one, req.body);
        const { results } = await decide(res, { ids: [id] }, reason);
        const { status } = results[0]!;
        if (status === 'not_found') throw notFound('commission');
        if (status === 'not_possible')
          throw new ApiError('not_possible', `${name} is not possible in the state of this commission`);
        res.json(await find(store, callerOf(res).operator.id, id));
      },
    ],
  });
}

async function find(store: Pick<Store, 'commissions'>, operatorId: string, id: string) {
  const commission = await store.commissions.find(operatorId, id);
  if (commission === null) throw notFound('commission');
  return wholeCommissionView(commission);
}
