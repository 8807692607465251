// Routes of security: the inbound secret that signs requests, refused requests, and the egress
// addresses that postbacks come from.
import type { Router } from 'express';
import type { ApiConfig } from '../../config.ts';
import { DAY_MS } from '../../domain/units.ts';
import { newId } from '../../store/db/ids.ts';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { answerList } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { RefusalLog } from '../intake/refusals.ts';
import { refusal, refusalView } from './security.answers.ts';
import { newInboundSecret, refusalFilter } from './security.schema.ts';

type Deps = {
  store: Pick<Store, 'inboundSecrets' | 'refusals'>;
  auth: Auth;
  refusals: RefusalLog;
  makeSecret: (signing: 'v1') => { secret: string };
  config: Pick<ApiConfig, 'egressAddresses'>;
};

export function addSecurityRoutes(router: Router, { store, auth, refusals, makeSecret, config }: Deps): void {
  addPath(router, '/v1/operator/inbound-secret', {
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

  addPath(router, '/v1/refusals', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(refusalFilter, req.query);
        const operatorId = callerOf(res).operator.id;
        const to = query.to ?? new Date();
        const from = query.from ?? new Date(to.getTime() - DAY_MS);
        const filter = { from, to, reason: query.reason ?? null, address: query.address ?? null };
        // The answer must include the refusals of this process.
        await refusals.flush();
        const rows = (page: Page) => store.refusals.list(operatorId, filter, page);
        const counts = async () => {
          const { since, total, byReason, byAddress } = await store.refusals.totals(operatorId, filter);
          return { counts: { from: since, to, total, by_reason: byReason, by_address: byAddress } };
        };
        await answerList(req, res, query, { rows, view: refusalView, schema: refusal }, counts);
      },
    ],
  });

  // Public: receivers put these addresses on their allow lists.
  addPath(router, '/v1/egress', {
    get: [(_req, res) => void res.json({ addresses: config.egressAddresses })],
  });
}
