// Events in, one or many, and events as they are now.
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response, Router } from 'express';
import { conversionsWorkflowId, setAsideWorkflowId } from '../../domain/keys.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../auth.ts';
import { batchBody, eventBody } from '../body.ts';
import { ApiError, bodyOf, notFound } from '../errors.ts';
import type { Intake, IntakeResult } from '../intake.ts';
import { answerPage } from '../lists.ts';
import { addResource, idOf } from '../resource.ts';
import { batchOf } from '../schemas/event-batch.ts';
import { readEvent, type EventReading } from '../schemas/events.ts';
import { eventFilter } from '../schemas/lists.ts';
import { read } from '../schemas/read.ts';
import type { Starter } from '../starter.ts';
import { eventView, traceView } from './event-views.ts';

type Deps = { store: Pick<Store, 'events' | 'traces'>; auth: Auth; intake: Intake; starter: Pick<Starter, 'workflowUrl'> };

const LONGEST_WAIT_SECONDS = 10;
const POLL_FIRST_MS = 10;
const POLL_AT_MOST_MS = 200;

export function addEventRoutes(router: Router, deps: Deps): void {
  const { store, auth } = deps;

  addResource(router, '/v1/events', {
    post: [auth.scope('events:write'), ...eventBody, (req, res) => acceptOne(req, res, deps)],
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(eventFilter, req.query);
        const { customer_id: customerId = null, status = null, event: type = null, from = null, to = null } = query;
        const filter = { customerId, status, type, from, to };
        res.json(await answerPage(query, (page) => store.events.list(callerOf(res).operator.id, filter, page), eventView));
      },
    ],
  });

  addResource(router, '/v1/events/batch', {
    post: [auth.scope('events:write'), ...batchBody, (req, res) => acceptBatch(req, res, deps)],
  });

  addResource(router, '/v1/events/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const trace = await traceOf(callerOf(res).operator.id, idOf(req, 'event'), deps);
        if (trace === null) throw notFound('event');
        res.json(trace);
      },
    ],
  });
}

async function acceptOne(req: Request, res: Response, deps: Deps): Promise<void> {
  const { operator } = callerOf(res);
  const reading = readEvent(req.body, rulesOf(operator), Date.now());
  if (reading.kind === 'invalid') throw reading.error;
  const [result] = await deps.intake.accept([reading.event]);
  const outcome = outcomeOf(result);
  if (outcome instanceof ApiError) throw outcome;
  const waitSeconds = outcome.status === 'accepted' ? waitOf(req) : 0;
  if (waitSeconds > 0 && (await isSettledWithin(waitSeconds, res, operator.id, outcome.id, deps))) {
    res.setHeader('preference-applied', `wait=${waitSeconds}`).json(await traceOf(operator.id, outcome.id, deps));
    return;
  }
  res.status(outcome.status === 'accepted' ? 202 : 200).json(outcome);
}

async function acceptBatch(req: Request, res: Response, { intake }: Deps): Promise<void> {
  const { operator } = callerOf(res);
  const now = Date.now();
  const rules = rulesOf(operator);
  const readings = batchOf(req.body).map((line): EventReading =>
    line.kind === 'value' ? readEvent(line.value, rules, now) : line,
  );
  const results = await intake.accept(readings.flatMap((reading) => (reading.kind === 'event' ? [reading.event] : [])));
  let next = 0;
  const answers = readings.map((reading, index) => {
    const outcome = reading.kind === 'event' ? outcomeOf(results[next++]) : reading.error;
    if (!(outcome instanceof ApiError)) return { index, ...outcome };
    return { index, status: outcome.code === 'conflict' ? 'conflict' : 'invalid', error: bodyOf(outcome) };
  });
  res.json({ results: answers });
}

type Accepted = { id: string; status: 'accepted' | 'duplicate' };

function outcomeOf(result: IntakeResult | undefined): Accepted | ApiError {
  if (result === undefined) throw new Error('intake gave fewer results than it was given events');
  switch (result.kind) {
    case 'accepted':
    case 'duplicate':
      return { id: result.id, status: result.kind };
    case 'conflict':
      return new ApiError('conflict', `the same event was sent before with other content, as ${result.id}`);
    case 'refused':
      return new ApiError('invalid_request', 'the event holds a value that cannot be stored');
  }
}

function rulesOf(operator: ReturnType<typeof callerOf>['operator']) {
  const withoutTransactionId = operator.withoutTransactionId === 'accept_each' ? ('accept_each' as const) : ('refuse' as const);
  return { operatorId: operator.id, withoutTransactionId };
}

/** Seconds the caller would wait for the outcome: `Prefer: wait=5`. A preference that cannot be read is ignored, as its standard says. */
function waitOf(req: Request): number {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})"?/i.exec(req.get('prefer') ?? '') ?? [];
  return Math.min(Number(seconds ?? 0), LONGEST_WAIT_SECONDS);
}

/** Whether the outcome is there before the time runs out or the caller hangs up. The event is kept by now, so failing to look is no failure. */
async function isSettledWithin(
  seconds: number,
  res: Response,
  operatorId: string,
  eventId: string,
  { store }: Deps,
): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  for (let pause = POLL_FIRST_MS; Date.now() + pause <= end && !res.closed; pause = Math.min(pause * 1.5, POLL_AT_MOST_MS)) {
    await delay(pause);
    if (await store.traces.isSettled(operatorId, eventId).catch(() => false)) return true;
  }
  return false;
}

/** The workflow in whose history to look: that of the event's batch, or the one that holds what was set aside. */
function workflowIdOf(
  operatorId: string,
  { status, reason, batchId }: { status: string; reason: string | null; batchId: string | null },
): string | null {
  if (status === 'set_aside' && reason !== null) return setAsideWorkflowId(operatorId, reason);
  return batchId?.startsWith('bat_') ? conversionsWorkflowId(batchId) : null;
}

async function traceOf(operatorId: string, eventId: string, { store, starter }: Pick<Deps, 'store' | 'starter'>) {
  const trace = await store.traces.find(operatorId, eventId);
  if (trace === null) return null;
  const id = workflowIdOf(operatorId, trace.event);
  return traceView(trace, id === null ? null : { id, url: starter.workflowUrl(id) });
}
