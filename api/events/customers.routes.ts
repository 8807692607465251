// Routes of customers: whom one is bound to, giving it to another affiliate, erasing it.
import type { Request, Router } from 'express';
import { z } from 'zod';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate, refuseClosed } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { externalId, id, reason, startTime } from '../http/fields.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { customerView, erasureView } from './customers.answers.ts';

export const newReassignment = z.strictObject({ affiliate_id: id, from: startTime, reason });

type Deps = {
  store: Pick<Store, 'affiliates' | 'erasures' | 'reassignments'>;
  auth: Auth;
  temporal: Pick<Temporal, 'applyAmendments' | 'rematchSoon' | 'startJob' | 'workflowUrl'>;
};

export function addCustomerRoutes(router: Router, deps: Deps): void {
  const { store, auth, temporal } = deps;
  addPath(router, '/v1/customers/:customer_id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const customerId = customerIdOf(req);
        const customer = await store.reassignments.findCustomer(callerOf(res).operator.id, customerId);
        if (customer === null) throw notFound('customer');
        res.json(customerView(customerId, customer));
      },
    ],
  });

  addPath(router, '/v1/customers/:customer_id/reassign', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const customerId = customerIdOf(req);
        const given = read(newReassignment, req.body);
        const affiliate = await findAffiliate(store, operator.id, given.affiliate_id);
        refuseClosed(affiliate);
        const reassignment = {
          id: newId('rea'),
          customerId,
          affiliateId: affiliate.id,
          from: given.from,
          reason: given.reason,
          actor: key.id,
        };
        await store.reassignments.insert(operator.id, reassignment);
        void temporal.applyAmendments(operator.id);
        temporal.rematchSoon(operator.id);
        res.status(202).json({ id: reassignment.id, status: 'accepted' });
      },
    ],
  });
  addErasureRoutes(router, deps);
}

function addErasureRoutes(router: Router, { store, auth, temporal }: Deps): void {
  addPath(router, '/v1/customers/:customer_id/erase', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const erasure = await store.erasures.begin(operator.id, customerIdOf(req), key.id);
        await temporal.startJob(operator.id, { kind: 'erasure', id: erasure.id });
        res.status(202).json(erasureView(erasure, temporal.workflowUrl));
      },
    ],
  });

  addPath(router, '/v1/erasures/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const found = await store.erasures.find(callerOf(res).operator.id, idFromPath(req, 'erasure'));
        if (found === null) throw notFound('erasure');
        res.json(erasureView(found, temporal.workflowUrl));
      },
    ],
  });
}

/** The operator's own id of the customer, which Express has decoded. */
function customerIdOf(req: Request): string {
  const parsed = externalId.safeParse(req.params['customer_id']);
  if (!parsed.success) throw notFound('customer');
  return parsed.data;
}
