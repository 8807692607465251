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

/** How long one request works. */
const WORKS_MS = 10_000;

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
  const run = { operatorId: operator.id, runId, actor: key.id };
  const { results, toWake } = await confirmLines(store, run, lines, WORKS_MS);
  await temporal.wakeEndpoints(operator.id, toWake);
  const notYet = results.filter(({ issue }) => issue === NOT_YET).length;
  res.json({ results, without_status: withoutStatus, not_yet: notYet });
}

const NOT_YET: Issue = {
  path: 'status',
  code: 'not_yet',
  message: 'this request had no time left for it: send the list again',
};

/**
 * Takes the steps that the lines ask for, in their order, for `worksMs`, but at least one: a list
 * that is sent again and again comes to its end.
 */
export async function confirmLines(
  { payoutRuns, payouts }: Deps['store'],
  { operatorId, runId, actor }: { operatorId: string; runId: string; actor: string },
  lines: readonly ConfirmLine[],
  worksMs: number,
): Promise<{ results: Confirmed[]; toWake: string[] }> {
  const references = lines.flatMap((each) => (each.kind === 'read' ? [payoutIdOf(each.line.reference)] : []));
  const listed = await payoutRuns.payoutsByReference(operatorId, runId, references);
  const results: Confirmed[] = [];
  const toWake = new Set<string>();
  const until = Date.now() + worksMs;
  let steps = 0;
  for (const each of lines) {
    const payout = each.kind === 'read' ? listed.get(payoutIdOf(each.line.reference)) : undefined;
    if (each.kind === 'invalid' || payout === undefined) {
      results.push(refused(each));
      continue;
    }
    const { reference, status, external_reference: externalReference = null, reason = null } = each.line;
    const result = { line: each.number, reference, payout_id: payout.id, state: payout.state };
    if (payout.state === status && [null, payout.externalReference].includes(externalReference)) {
      results.push({ ...result, issue: null });
    } else if (steps > 0 && Date.now() >= until) {
      results.push({ ...result, issue: NOT_YET });
    } else {
      steps += 1;
      const step = status === 'paid' ? 'confirm' : 'fail';
      const stepped = await payouts.step(operatorId, payout.id, step, { actor, reason, externalReference });
      if (stepped.kind === 'done') for (const id of stepped.endpointsToWake) toWake.add(id);
      results.push({ ...result, ...outcomeOf(stepped) });
    }
  }
  return { results, toWake: [...toWake] };
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
