// Takes events from requests to intake or to a dry run, and answers. A single event and a batch,
// JSON and query parameters share this path.
import type { Request, Response } from 'express';
import { conversionsWorkflowId, setAsideWorkflowId } from '../../domain/keys.ts';
import type { Store } from '../../store/index.ts';
import type { OperatorRules } from '../../store/access/callers.ts';
import { callerOf } from '../http/auth.ts';
import { ApiError, bodyOf } from '../http/errors.ts';
import { logEvents } from '../http/request-log.ts';
import { comesTrueWithin, waitOf } from '../http/prefer.ts';
import { invalid } from '../http/read.ts';
import type { DryRun, DryRunResult } from '../intake/dry-run.ts';
import type { Intake, IntakeEvent, IntakeResult } from '../intake/intake.ts';
import type { RefusalLog } from '../intake/refusals.ts';
import type { Temporal } from '../temporal.ts';
import type { BatchLine } from './event-batch.ts';
import { type EventReading, type EventRules, readEvent } from './read-event.ts';
import { dryRunView, traceView } from './events.views.ts';

export type AcceptanceDeps = {
  store: Pick<Store, 'traces'>;
  intake: Intake;
  temporal: Pick<Temporal, 'workflowUrl'>;
  refusals: Pick<RefusalLog, 'note'>;
  dryRun: DryRun;
  /** The trace of a request, which its events keep; without it none is kept. */
  traceparentOf?: ((req: Request) => string | undefined) | undefined;
};

/** Limits the events of a dry run: each is settled in turn, under locks. */
const DRY_RUN_AT_MOST = 100;

/**
 * The rules for reading a caller's events. The default for events without a transaction id depends
 * on `way`.
 */
export function rulesOf(
  { operator, eventTypes, currencies }: OperatorRules,
  way: 'json' | 'postback',
): EventRules {
  return {
    operatorId: operator.id,
    withoutTransactionId:
      operator.withoutTransactionId ?? (way === 'json' ? 'refuse' : 'same_content_is_repeat'),
    repeatWindowHours: operator.repeatWindowHours,
    eventTypes,
    currencies,
  };
}

/**
 * Sends one event to intake and answers. Throws an `ApiError` for an invalid or conflicting event.
 */
export async function answerOne(
  req: Request,
  res: Response,
  reading: EventReading,
  deps: AcceptanceDeps,
): Promise<void> {
  if (reading.kind === 'invalid') throw reading.error;
  const operatorId = callerOf(res).operator.id;
  const [result] = await deps.intake.accept(broughtBy(req, res, [reading.event], deps));
  const outcome = outcomeOf(result);
  if (outcome instanceof ApiError) throw outcome;
  logEvents(res, [outcome.id]);
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

/** Sends a batch to intake and answers with one result for each event, in order. */
export async function answerBatch(
  req: Request,
  res: Response,
  lines: readonly BatchLine[],
  deps: AcceptanceDeps,
): Promise<void> {
  const readings = readingsOf(res, lines);
  const results = await deps.intake.accept(broughtBy(req, res, eventsOf(readings), deps));
  logEvents(
    res,
    results.flatMap((result) => ('id' in result ? [result.id] : [])),
  );
  const answers = inOrder(readings, results).map((part, index) => {
    const outcome = part instanceof ApiError ? part : outcomeOf(part);
    if (!(outcome instanceof ApiError)) return { index, ...outcome };
    deps.refusals.note(req, res, outcome);
    return { index, status: statusOf(outcome), error: bodyOf(outcome) };
  });
  res.json({ results: answers });
}

/**
 * Answers with the dry run of one event. Throws an `ApiError` for an invalid or conflicting event.
 */
export async function dryRunOne(
  res: Response,
  reading: EventReading,
  { dryRun }: AcceptanceDeps,
): Promise<void> {
  if (reading.kind === 'invalid') throw reading.error;
  const [result] = await dryRun(callerOf(res).operator.id, [reading.event]);
  const outcome = outcomeOf(result?.result);
  if (outcome instanceof ApiError) throw outcome;
  res.json({ dry_run: true, ...dryRunView(outcome, result!) });
}

/** Answers with the dry run of a batch, in which each event sees the effects of those before it. */
export async function dryRunBatch(
  res: Response,
  lines: readonly BatchLine[],
  { dryRun }: AcceptanceDeps,
): Promise<void> {
  if (lines.length > DRY_RUN_AT_MOST)
    throw invalid([
      { path: 'events', code: 'too_large', message: `a dry run holds at most ${DRY_RUN_AT_MOST} events` },
    ]);
  const readings = readingsOf(res, lines);
  const dryRuns = await dryRun(callerOf(res).operator.id, eventsOf(readings));
  const results = inOrder<DryRunResult>(readings, dryRuns).map((part, index) => {
    const outcome = part instanceof ApiError ? part : outcomeOf(part.result);
    if (outcome instanceof ApiError) return { index, would_be: statusOf(outcome), error: bodyOf(outcome) };
    return { index, ...dryRunView(outcome, part as DryRunResult) };
  });
  res.json({ dry_run: true, results });
}

/** The trace of an event with the workflow that settled it. Null for an unknown event. */
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

/** The workflow whose history shows the event: its batch, or the one of its set-aside reason. */
function workflowIdOf(
  operatorId: string,
  { status, reason, batchId }: { status: string; reason: string | null; batchId: string | null },
): string | null {
  if (status === 'set_aside' && reason !== null) return setAsideWorkflowId(operatorId, reason);
  return batchId?.startsWith('bat_') ? conversionsWorkflowId(batchId) : null;
}

type Accepted = { id: string; status: 'accepted' | 'duplicate' };

function outcomeOf(result: IntakeResult | undefined): Accepted | ApiError {
  if (result === undefined) throw new Error('intake gave fewer results than it was given events');
  switch (result.kind) {
    case 'accepted':
    case 'duplicate':
      return { id: result.id, status: result.kind };
    case 'conflict':
      return conflictWith(result);
    case 'refused':
      return unstorable();
  }
}

/** The error for an event whose key another one holds, with other content. */
export function conflictWith({ id, fields }: { id: string; fields: readonly string[] }): ApiError {
  const what = fields.length === 0 ? 'other content' : `another ${fields.join(', ')}`;
  return new ApiError(
    'conflict',
    `the same event was sent before with ${what}, as ${id}; if that was wrong, amend it`,
    {
      issues: fields.map((path) => ({ path, code: 'differs', message: 'differs from what was sent before' })),
    },
  );
}

export function unstorable(): ApiError {
  return new ApiError('invalid_request', 'the event holds a value that cannot be stored');
}

function statusOf({ code }: ApiError): 'conflict' | 'invalid' {
  return code === 'conflict' ? 'conflict' : 'invalid';
}

function readingsOf(res: Response, lines: readonly BatchLine[]): EventReading[] {
  const [rules, now] = [rulesOf(callerOf(res), 'json'), Date.now()];
  return lines.map((line) => (line.kind === 'value' ? readEvent(line.value, rules, now) : line));
}

/** Gives events the key, id and trace of the request that brought them. */
function broughtBy(
  req: Request,
  res: Response,
  events: IntakeEvent[],
  { traceparentOf }: AcceptanceDeps,
): IntakeEvent[] {
  const traceparent = traceparentOf?.(req);
  const keyId = callerOf(res).key.id;
  const requestId = String(res.getHeader('x-request-id'));
  for (const event of events)
    Object.assign(event, { keyId, requestId, ...(traceparent !== undefined && { traceparent }) });
  return events;
}

function eventsOf(readings: readonly EventReading[]): IntakeEvent[] {
  return readings.flatMap((reading) => (reading.kind === 'event' ? [reading.event] : []));
}

/**
 * Joins readings with results, in order. `results` holds one entry for each reading that is an
 * event.
 */
function inOrder<Result>(
  readings: readonly EventReading[],
  results: readonly Result[],
): (Result | ApiError)[] {
  let next = 0;
  return readings.map((reading) => (reading.kind === 'invalid' ? reading.error : results[next++]!));
}
