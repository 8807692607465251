// Route of links to the portal: a token of an hour, with which an affiliate sees and sets up what
// is its own. It stands in the fragment of the address, so that it is in no log and no referrer.
import type { Router } from 'express';
import type { ApiConfig } from '../../config.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { ApiError } from '../http/errors.ts';
import { OWN_SCOPES } from '../http/own.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { newToken } from '../http/tokens.ts';

const LIFETIME_MS = 3_600_000;

type Deps = {
  config: Pick<ApiConfig, 'publicUrl'>;
  store: Pick<Store, 'affiliates' | 'sessions'>;
  auth: Auth;
};

export function addPortalRoutes(router: Router, { config, store, auth }: Deps): void {
  addPath(router, '/v1/affiliates/:id/portal', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const { id, state } = await findAffiliate(store, operator.id, idFromPath(req, 'affiliate'));
        if (state === 'closed') throw new ApiError('not_possible', 'the affiliate is closed');
        const { text, hash } = newToken('portal');
        const expiresAt = await store.sessions.insert({
          tokenHash: hash,
          operatorId: operator.id,
          keyId: key.id,
          affiliateId: id,
          scopes: OWN_SCOPES,
          expiresAt: new Date(Date.now() + LIFETIME_MS),
        });
        res.setHeader('cache-control', 'no-store');
        res.status(201).json({
          url: `${config.publicUrl}/portal/${operator.id}#token=${text}`,
          expires_at: expiresAt,
        });
      },
    ],
  });
}
