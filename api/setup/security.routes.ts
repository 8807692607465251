// What guards an operator's own door and what was refused there: the secret its requests are signed with, the refusals, and the addresses that
// our own requests come from.
import type { Router } from 'express';
import { DAY_MS } from '../../domain/units.ts';
import { newId } from '../../store/db/ids.ts';
import type { Refusal } from '../../store/intake/refusals.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { answerPage } from '../http/lists.ts';
import type { RefusalLog } from '../intake/refusals.ts';
import { addResource } from '../http/resource.ts';
import { refusalFilter } from '../events/lists.schema.ts';
import { read } from '../http/read.ts';
import { newInboundSecret } from './setup.schema.ts';
import type { MakeSecret } from '../postbacks/endpoints.routes.ts';

type Deps = {
  store: Pick<Store, 'inboundSecrets' | 'refusals'>;
  auth: Auth;
  refusals: RefusalLog;
  makeSecret: MakeSecret;
  egressAddresses: readonly string[];
};

/** Refusals are counted over the last day unless a time is given. */

export function addDoorRoutes(
  router: Router,
  { store, auth, refusals, makeSecret, egressAddresses }: Deps,
): void {
  addResource(router, '/v1/operator/inbound-secret', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { grace_hours: graceHours } = read(newInboundSecret, req.body);
        const secret = { id: newId('sec'), secret: makeSecret('v1').secret };
        await store.inboundSecrets.replace(callerOf(res).operator.id, secret, graceHours);
        auth.forget();
        res.status(201).json({ id: secret.id, secret: secret.secret });
      },
    ],
  });

  addResource(router, '/v1/refusals', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(refusalFilter, req.query);
        const operatorId = callerOf(res).operator.id;
        const to = query.to ?? new Date();
        const from = query.from ?? new Date(to.getTime() - DAY_MS);
        const filter = { from, to, reason: query.reason ?? null, address: query.address ?? null };
        // So that an answer shows at least what this process refused.
        await refusals.flush();
        const list = await answerPage(
          query,
          (page) => store.refusals.list(operatorId, filter, page),
          refusalView,
        );
        const { total, byReason, byAddress } = await store.refusals.totals(operatorId, filter);
        res.json({ ...list, counts: { from, to, total, by_reason: byReason, by_address: byAddress } });
      },
    ],
  });

  // No secret: receivers are meant to put them on their lists.
  addResource(router, '/v1/egress', { get: [(_req, res) => void res.json({ addresses: egressAddresses })] });
}

function refusalView(refusal: Refusal) {
  return {
    id: refusal.id,
    refused_at: refusal.refusedAt,
    reason: refusal.reason,
    issue: refusal.issueCode === null ? null : { path: refusal.issuePath, code: refusal.issueCode },
    address: refusal.address,
    method: refusal.method,
    path: refusal.path,
    request_id: refusal.requestId,
    api_key_id: refusal.keyId,
  };
}
