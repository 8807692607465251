// Route of onboarding: the checks of an operator's integration, each with its state and the next
// step.
import type { Router } from 'express';
import type { ApiConfig } from '../../config.ts';
import { checkIntegration } from '../../domain/setup/onboarding.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { addPath } from '../http/path.ts';
import type { RefusalLog } from '../intake/refusals.ts';

type Deps = {
  store: Pick<Store, 'onboarding'>;
  auth: Auth;
  refusals: Pick<RefusalLog, 'flush'>;
  config: Pick<ApiConfig, 'publicUrl'>;
};

export function addOnboardingRoute(router: Router, { store, auth, refusals, config }: Deps): void {
  addPath(router, '/v1/onboarding', {
    get: [
      auth.scope('read'),
      async (_req, res) => {
        // The answer must include the refusals of this process.
        await refusals.flush();
        const checks = checkIntegration(await store.onboarding.read(callerOf(res).operator.id));
        res.json({
          capture_script: `<script src="${config.publicUrl}/capture.js" async></script>`,
          checks: checks.map(({ name, state, todo, facts }) => ({ check: name, state, todo, ...facts })),
        });
      },
    ],
  });
}
