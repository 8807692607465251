// How far an operator's integration is: each check with its state and what to do.
import type { Router } from 'express';
import { checkIntegration } from '../../domain/setup/onboarding.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import type { RefusalLog } from '../intake/refusals.ts';
import { addResource } from '../http/resource.ts';

type Deps = {
  store: Pick<Store, 'onboarding'>;
  auth: Auth;
  refusals: Pick<RefusalLog, 'flush'>;
  publicUrl: string;
};

export function addOnboardingRoute(router: Router, { store, auth, refusals, publicUrl }: Deps): void {
  addResource(router, '/v1/onboarding', {
    get: [
      auth.scope('read'),
      async (_req, res) => {
        // So that the answer shows at least what this process refused.
        await refusals.flush();
        const checks = checkIntegration(await store.onboarding.read(callerOf(res).operator.id));
        res.json({
          capture_script: `<script src="${publicUrl}/capture.js" async></script>`,
          checks: checks.map(({ name, state, todo, facts }) => ({ check: name, state, todo, ...facts })),
        });
      },
    ],
  });
}
