// Routes of coupons: codes that attribute a customer to an affiliate without a click.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { requireOpenAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { byAffiliate, listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { couponView } from './coupons.answers.ts';
import * as answers from './coupons.answers.ts';
import { newCoupon } from './coupons.schema.ts';

type Deps = {
  store: Pick<Store, 'coupons' | 'affiliates'>;
  auth: Auth;
  temporal: Pick<Temporal, 'applyAmendments' | 'rematchSoon'>;
};

export function addCouponRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/coupons', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const given = read(newCoupon, req.body);
        await requireOpenAffiliate(store, operatorId, given.affiliate_id, 'affiliate_id');
        const coupon = await store.coupons.insert(operatorId, {
          id: newId('cpn'),
          code: given.code,
          affiliateId: given.affiliate_id,
          bindsCustomer: given.binds_customer,
          startsAt: given.starts_at ?? null,
          endsAt: given.ends_at ?? null,
        });
        if (coupon === null)
          throw new ApiError(
            'conflict',
            `the code ${given.code} is in use; capital letters make no difference`,
          );
        // Customers may have used the coupon before it was added.
        temporal.rematchSoon(operatorId);
        void temporal.applyAmendments(operatorId);
        res.status(201).json(couponView(coupon));
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        byAffiliate,
        (operatorId, page, { affiliate_id: id = null }) => store.coupons.list(operatorId, id, page),
        couponView,
        answers.coupon,
      ),
    ],
  });

  addPath(router, '/v1/coupons/:id', {
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        if (!(await store.coupons.delete(callerOf(res).operator.id, idFromPath(req, 'coupon'))))
          throw notFound('coupon');
        res.status(204).end();
      },
    ],
  });
}
