// A bank's list of what it paid: confirms or fails the payouts of a run, each line by itself.
import type { Request, Response } from 'express';
import type { Store } from '../../store/index.ts';
import type { Stepped } from '../../store/ledger/payouts.ts';
import { callerOf } from '../http/auth.ts';
import type { Issue } from '../http/errors.ts';
import type { Temporal } from '../temporal.ts';
import { payoutIdOf } from './bank-text.ts';
import { type ConfirmLine, confirmationOf } from './payout-runs.schema.ts';

type Deps = {
  store: Pick<Store, 'payoutRuns' | 'payouts'>;
  temporal: Pick<Temporal, 'wakeEndpoints'>;
};

type Confirmed = {
  line: number;
  reference: string | null;
  payout_id: string | null;
  state: string | null;
  issue: Issue | null;
};

/**
 * Answers with a result for each line that has a status. A list that is sent again changes nothing.
 */
export async function answerConfirmation(
  req: Request,
  res: Response,
  runId: string,
  { store, temporal }: Deps,
): Promise<void> {
  const { operator, key } = callerOf(res);
  const { lines, withoutStatus } = confirmationOf(req.body as string);
  const references = lines.flatMap((each) => (each.kind === 'read' ? [payoutIdOf(each.line.reference)] : []));
  const payouts = await store.payoutRuns.payoutsByReference(operator.id, runId, references);
  const results: Confirmed[] = [];
  const toWake = new Set<string>();
  for (const each of lines) {
    const payoutId = each.kind === 'read' ? (payouts.get(payoutIdOf(each.line.reference)) ?? null) : null;
    if (each.kind === 'invalid' || payoutId === null) {
      results.push(refused(each));
      continue;
    }
    const { reference, status, external_reference: externalReference = null, reason = null } = each.line;
    const step = status === 'paid' ? 'confirm' : 'fail';
    const by = { actor: key.id, reason, externalReference };
    const stepped = await store.payouts.step(operator.id, payoutId, step, by);
    if (stepped.kind === 'done') for (const id of stepped.endpointsToWake) toWake.add(id);
    results.push({ line: each.number, reference, payout_id: payoutId, ...outcomeOf(stepped) });
  }
  await temporal.wakeEndpoints(operator.id, [...toWake]);
  res.json({ results, without_status: withoutStatus });
}

function refused(each: ConfirmLine): Confirmed {
  const none = { line: each.number, payout_id: null, state: null };
  if (each.kind === 'invalid') return { ...none, reference: each.reference, issue: each.issues[0]! };
  const issue = {
    path: 'reference',
    code: 'unknown_payout',
    message: 'is neither a payout of this run nor the external reference of one',
  };
  return { ...none, reference: each.line.reference, issue };
}

function outcomeOf(stepped: Stepped): Pick<Confirmed, 'state' | 'issue'> {
  switch (stepped.kind) {
    case 'done':
      return { state: stepped.payout.state, issue: null };
    case 'not_possible': {
      const message = `this payout is ${stepped.state}`;
      return { state: stepped.state, issue: { path: 'status', code: 'not_possible', message } };
    }
    case 'reference_taken': {
      const message = 'another payout has this external_reference';
      return { state: null, issue: { path: 'external_reference', code: 'conflict', message } };
    }
    case 'not_found':
      throw new Error('a payout of a run is gone');
  }
}
