// Routes of payout runs: start one, their list, one with its results, its end.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import type { PayoutRun } from '../../store/ledger/payout-runs.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { idempotencyKeyOf, keyOfAnotherRequest } from '../http/idempotency.ts';
import { listOf, plainPage } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import { amountOf, leastPayoutOf } from './amounts.ts';
import { csvBody } from '../http/body.ts';
import { answerConfirmation } from './payout-run-confirmation.ts';
import { answerRun } from './payout-run-files.ts';
import * as answers from './payout-runs.answers.ts';
import { newPayoutRun } from './payout-runs.schema.ts';

type Deps = {
  store: Pick<Store, 'payoutRuns' | 'payouts' | 'paymentDetails'>;
  auth: Auth;
  temporal: Pick<Temporal, 'workflowUrl' | 'startJob' | 'cancelJob' | 'wakeEndpoints'>;
};

export function addPayoutRunRoutes(router: Router, deps: Deps): void {
  const { store, auth, temporal } = deps;
  const view = (run: PayoutRun) => answers.payoutRunView(run, temporal.workflowUrl);
  async function find(operatorId: string, id: string): Promise<PayoutRun> {
    const run = await store.payoutRuns.find(operatorId, id);
    if (run === null) throw notFound('payout run');
    return run;
  }

  addPath(router, '/v1/payout-runs', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator, key } = callerOf(res);
        const given = read(newPayoutRun, req.body, callerOf(res));
        const { currency, minimum } = given;
        const givenMinimumMinor =
          minimum === undefined ? null : amountOf(minimum, currency, 'minimum', 'zero_or_more');
        const least = leastPayoutOf(operator, currency);
        const stored = await store.payoutRuns.insert(operator.id, {
          currency,
          givenMinimumMinor,
          minimumMinor: givenMinimumMinor !== null && givenMinimumMinor > least ? givenMinimumMinor : least,
          needsDetails: given.payment_details === 'required',
          isDryRun: given.dry_run,
          actor: key.id,
          idempotencyKey: idempotencyKeyOf(req),
        });
        if (stored.kind === 'other_request') throw keyOfAnotherRequest();
        if (stored.run.state === 'running')
          await temporal.startJob(operator.id, { kind: 'payoutRun', id: stored.run.id });
        res.status(202).json(view(stored.run));
      },
    ],
    get: [auth.scope('read'), listOf(plainPage, store.payoutRuns.list, view, answers.payoutRun)],
  });

  addPath(router, '/v1/payout-runs/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const run = await find(callerOf(res).operator.id, idFromPath(req, 'payout run'));
        await answerRun(req, res, run, deps);
      },
    ],
    delete: [
      auth.scope('manage'),
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { id } = await find(operatorId, idFromPath(req, 'payout run'));
        await temporal.cancelJob(operatorId, { kind: 'payoutRun', id });
        const after = await find(operatorId, id);
        if (after.state === 'done') throw new ApiError('not_possible', 'this payout run is done already');
        res.json(view(after));
      },
    ],
  });

  addPath(router, '/v1/payout-runs/:id/confirm', {
    post: [
      auth.scope('manage'),
      ...csvBody,
      async (req, res) => {
        const { id } = await find(callerOf(res).operator.id, idFromPath(req, 'payout run'));
        await answerConfirmation(req, res, id, deps);
      },
    ],
  });
}
