// Takes events from requests to intake or to a dry run, and answers. A single event and a batch,
// JSON and query parameters share this path.
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { conversionsWorkflowId, setAsideWorkflowId } from '../../domain/keys.ts';
import type { Store } from '../../store/index.ts';
import type { Caller } from '../../store/setup/operators.ts';
import { callerOf } from '../http/auth.ts';
import { ApiError, bodyOf } from '../http/errors.ts';
import { invalid } from '../http/read.ts';
import type { DryRun, Rehearsed } from '../intake/dry-run.ts';
import type { Intake, IntakeEvent, IntakeResult } from '../intake/intake.ts';
import type { RefusalLog } from '../intake/refusals.ts';
import type { Temporal } from '../temporal.ts';
import type { BatchLine } from './event-batch.ts';
import { type EventReading, type EventRules, readEvent } from './events.schema.ts';
import { rehearsedView, traceView } from './events.views.ts';

export type AcceptanceDeps = {
  store: Pick<Store, 'traces'>;
  intake: Intake;
  temporal: Pick<Temporal, 'workflowUrl'>;
  refusals: Pick<RefusalLog, 'note'>;
  dryRun: DryRun;
};

const LONGEST_WAIT_SECONDS = 10;
const POLL_FIRST_MS = 10;
const POLL_AT_MOST_MS = 200;
/** Each is settled and shown whole while the others wait. */
const DRY_RUN_AT_MOST = 100;

/**
 * What judging a caller's events needs; how one without a transaction id is taken depends on the
 * way it came, unless the operator says.
 */
export function rulesOf({ operator, eventTypes }: Caller, way: 'json' | 'postback'): EventRules {
  return {
    operatorId: operator.id,
    withoutTransactionId:
      operator.withoutTransactionId ?? (way === 'json' ? 'refuse' : 'same_content_is_repeat'),
    repeatWindowHours: operator.repeatWindowHours,
    eventTypes,
  };
}

/** Takes one event in and answers. Throws what is wrong with it. */
export async function answerOne(
  req: Request,
  res: Response,
  reading: EventReading,
  deps: AcceptanceDeps,
): Promise<void> {
  if (reading.kind === 'invalid') throw reading.error;
  const operatorId = callerOf(res).operator.id;
  const [result] = await deps.intake.accept([reading.event]);
  const outcome = outcomeOf(result);
  if (outcome instanceof ApiError) throw outcome;
  const waitSeconds = outcome.status === 'accepted' ? waitOf(req) : 0;
  const isSettled = () => deps.store.traces.isSettled(operatorId, outcome.id);
  if (await comesTrueWithin(waitSeconds, res, isSettled)) {
    res
      .setHeader('preference-applied', `wait=${waitSeconds}`)
      .json(await traceOf(operatorId, outcome.id, deps));
    return;
  }
  res.status(outcome.status === 'accepted' ? 202 : 200).json(outcome);
}

/** Takes a batch in and answers for each of its events, in order. */
export async function answerBatch(
  req: Request,
  res: Response,
  lines: readonly BatchLine[],
  deps: AcceptanceDeps,
): Promise<void> {
  const readings = readingsOf(res, lines);
  const results = await deps.intake.accept(eventsOf(readings));
  const answers = inOrder(readings, results).map((part, index) => {
    const outcome = part instanceof ApiError ? part : outcomeOf(part);
    if (!(outcome instanceof ApiError)) return { index, ...outcome };
    deps.refusals.note(req, res, outcome);
    return { index, status: statusOf(outcome), error: bodyOf(outcome) };
  });
  res.json({ results: answers });
}

/** Answers what would happen to one event. Throws what is wrong with it. */
export async function rehearseOne(
  res: Response,
  reading: EventReading,
  { dryRun }: AcceptanceDeps,
): Promise<void> {
  if (reading.kind === 'invalid') throw reading.error;
  const [rehearsed] = await dryRun(callerOf(res).operator.id, [reading.event]);
  const outcome = outcomeOf(rehearsed?.result);
  if (outcome instanceof ApiError) throw outcome;
  res.json({ dry_run: true, ...rehearsedView(outcome, rehearsed!) });
}

/** Answers what would happen to the events of a batch, each after those before it. */
export async function rehearseBatch(
  res: Response,
  lines: readonly BatchLine[],
  { dryRun }: AcceptanceDeps,
): Promise<void> {
  if (lines.length > DRY_RUN_AT_MOST)
    throw invalid([
      { path: 'events', code: 'too_large', message: `a dry run holds at most ${DRY_RUN_AT_MOST} events` },
    ]);
  const readings = readingsOf(res, lines);
  const rehearsed = await dryRun(callerOf(res).operator.id, eventsOf(readings));
  const results = inOrder<Rehearsed>(readings, rehearsed).map((part, index) => {
    const outcome = part instanceof ApiError ? part : outcomeOf(part.result);
    if (outcome instanceof ApiError) return { index, would_be: statusOf(outcome), error: bodyOf(outcome) };
    return { index, ...rehearsedView(outcome, part as Rehearsed) };
  });
  res.json({ dry_run: true, results });
}

/** An event's trace with the workflow that settled it; null where there is no such event. */
export async function traceOf(
  operatorId: string,
  eventId: string,
  { store, temporal }: Pick<AcceptanceDeps, 'store' | 'temporal'>,
) {
  const trace = await store.traces.find(operatorId, eventId);
  if (trace === null) return null;
  const id = workflowIdOf(operatorId, trace.event);
  return traceView(trace, id === null ? null : { id, url: temporal.workflowUrl(id) });
}

/**
 * The workflow in whose history to look: that of the event's batch, or the one that holds what was
 * set aside.
 */
function workflowIdOf(
  operatorId: string,
  { status, reason, batchId }: { status: string; reason: string | null; batchId: string | null },
): string | null {
  if (status === 'set_aside' && reason !== null) return setAsideWorkflowId(operatorId, reason);
  return batchId?.startsWith('bat_') ? conversionsWorkflowId(batchId) : null;
}

export type Accepted = { id: string; status: 'accepted' | 'duplicate' };

function outcomeOf(result: IntakeResult | undefined): Accepted | ApiError {
  if (result === undefined) throw new Error('intake gave fewer results than it was given events');
  switch (result.kind) {
    case 'accepted':
    case 'duplicate':
      return { id: result.id, status: result.kind };
    case 'conflict':
      return new ApiError(
        'conflict',
        `the same event was sent before with other content, as ${result.id}; if that was wrong, amend it`,
      );
    case 'refused':
      return new ApiError('invalid_request', 'the event holds a value that cannot be stored');
  }
}

function statusOf({ code }: ApiError): 'conflict' | 'invalid' {
  return code === 'conflict' ? 'conflict' : 'invalid';
}

function readingsOf(res: Response, lines: readonly BatchLine[]): EventReading[] {
  const [rules, now] = [rulesOf(callerOf(res), 'json'), Date.now()];
  return lines.map((line) => (line.kind === 'value' ? readEvent(line.value, rules, now) : line));
}

function eventsOf(readings: readonly EventReading[]): IntakeEvent[] {
  return readings.flatMap((reading) => (reading.kind === 'event' ? [reading.event] : []));
}

/**
 * For each reading its error, or the next of the results, which are those of the readings that are
 * events.
 */
function inOrder<Result>(
  readings: readonly EventReading[],
  results: readonly Result[],
): (Result | ApiError)[] {
  let next = 0;
  return readings.map((reading) => (reading.kind === 'invalid' ? reading.error : results[next++]!));
}

/**
 * Seconds the caller would wait for the outcome: `Prefer: wait=5`. A preference that cannot be read
 * is ignored, as its standard says.
 */
export function waitOf(req: Request): number {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})"?/i.exec(req.get('prefer') ?? '') ?? [];
  return Math.min(Number(seconds ?? 0), LONGEST_WAIT_SECONDS);
}

/**
 * Whether what the caller waits for is there before the time runs out or it hangs up. Its request
 * is kept by now, so failing to look is no failure.
 */
export async function comesTrueWithin(
  seconds: number,
  res: Response,
  isTrue: () => Promise<boolean>,
): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  for (
    let pause = POLL_FIRST_MS;
    Date.now() + pause <= end && !res.closed;
    pause = Math.min(pause * 1.5, POLL_AT_MOST_MS)
  ) {
    await delay(pause);
    if (await isTrue().catch(() => false)) return true;
  }
  return false;
}
