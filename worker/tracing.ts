// Spans of the worker: each settled batch, and attempts that are not a quick first success. Events
// that came in a trace have their attempts in it, and its id goes to the receiver.
import {
  type Attributes,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api';
import { LRUCache } from 'lru-cache';
import type { OnRecorded, TraceparentOf } from '../activities/delivery/attempt.ts';
import type { SettleInput } from '../activities/settlement/settle.ts';
import type { Activities } from '../activities/index.ts';
import type { Delivery } from '../store/delivery/deliveries.ts';
import type { AttemptRecord } from '../store/delivery/attempts.ts';
import { childOf, spanContextOf, startTracing, traceparentOf } from '../tracing.ts';

type Options = Omit<Parameters<typeof startTracing>[0], 'service'> & {
  /** The `traceparent` of each of these events that has one. */
  readTraceparents: (operatorId: string, eventIds: readonly string[]) => Promise<Map<string, string>>;
};

/** What is known of the spans about an event: of the request that brought it, and its settling. */
type EventTrace = { request: SpanContext | undefined; settled: SpanContext | undefined };

/** An attempt up to here is quick: the time in which a batch begins all its first ones. */
const QUICK_MS = 1000;
/** Events remembered; of others the store is asked. Most are sent within a second of settling. */
const EVENTS_AT_MOST = 20_000;
/** Of a batch of many traces, these are linked. */
const LINKS_AT_MOST = 32;

export function startWorkerTracing({ readTraceparents, ...options }: Options) {
  const { tracer, traceBatch, close } = startTracing({ ...options, service: 'postrider-worker' });
  const known = new LRUCache<string, EventTrace>({ max: EVENTS_AT_MOST });
  /** Spans of attempts whose receivers are told of them. */
  const open = new WeakMap<Delivery, Span>();

  /** A trace that cannot be read is left out: an event must not wait for it. */
  async function read(operatorId: string, eventIds: readonly string[]): Promise<Map<string, SpanContext>> {
    const texts = await readTraceparents(operatorId, eventIds).catch(() => new Map<string, string>());
    const found = [...texts].map(([id, text]) => [id, spanContextOf(text)] as const);
    return new Map(found.flatMap(([id, context]) => (context ? [[id, context]] : [])));
  }

  /** Returns links to the requests that brought the events. */
  async function remember(operators: SettleInput['operators'], settled: SpanContext): Promise<Link[]> {
    const without: EventTrace = { request: undefined, settled };
    const contexts = new Map<string, SpanContext>();
    for (const { operatorId, eventIds } of operators) {
      const requests = await read(operatorId, eventIds);
      for (const id of eventIds) {
        const request = requests.get(id);
        known.set(id, request ? { request, settled } : without);
        if (request) contexts.set(request.traceId + request.spanId, request);
      }
    }
    return [...contexts.values()].slice(0, LINKS_AT_MOST).map((context) => ({ context }));
  }

  async function traceOf({ operatorId, eventId }: Delivery, id: string): Promise<EventTrace> {
    const found = { request: (await read(operatorId, [id])).get(id), settled: undefined };
    if (eventId !== null) known.set(eventId, found);
    return found;
  }

  function begin(due: Delivery, { request, settled }: EventTrace): string | undefined {
    if (request === undefined) return undefined;
    const span = startAttempt(due, Date.now(), { parent: request, link: settled });
    open.set(due, span);
    return traceparentOf(span.spanContext());
  }

  function startAttempt(
    { operatorId, id, endpointId, eventId, aboutId, type, attempts }: Delivery,
    startTime: number,
    { parent, link }: { parent: SpanContext | undefined; link: SpanContext | undefined },
  ): Span {
    const attributes = {
      'postrider.operator_id': operatorId,
      'postrider.delivery_id': id,
      'postrider.endpoint_id': endpointId,
      'postrider.about_id': aboutId,
      ...(eventId !== null && { 'postrider.event_id': eventId }),
      'postrider.type': type,
      'postrider.attempt': attempts + 1,
    };
    const links = link ? [{ context: link }] : [];
    return tracer.startSpan(
      'attempt',
      { kind: SpanKind.CLIENT, startTime, attributes, links },
      childOf(parent),
    );
  }

  const traceparentFor: TraceparentOf = (due) => {
    if (due.eventId === null) return undefined;
    const trace = known.get(due.eventId);
    return trace ? begin(due, trace) : traceOf(due, due.eventId).then((found) => begin(due, found));
  };

  const recorded: OnRecorded = (due, record) => {
    const startedAt = record.startedAt.getTime();
    let span = open.get(due);
    open.delete(due);
    if (span === undefined) {
      if (isQuickSuccess(record)) return;
      const settled = due.eventId === null ? undefined : known.get(due.eventId)?.settled;
      span = startAttempt(due, startedAt, { parent: settled, link: undefined });
    }
    span.setAttributes(resultOf(record));
    if (record.errorClass !== null)
      span.setStatus({ code: SpanStatusCode.ERROR, message: record.errorClass });
    span.end(startedAt + record.durationMs);
  };

  return {
    traceBatch,
    close,
    /** The trace to name to a receiver: of an attempt in the trace of the event's request. */
    traceparentOf: traceparentFor,
    /** Ends the span of an attempt, or makes it where only trouble is worth one. */
    recorded,
    /** Wraps the activities: each settled batch becomes a span, the child of the batch's. */
    traceBatches<A extends Pick<Activities, 'settle'>>(activities: A): A {
      return {
        ...activities,
        async settle(input) {
          const span = tracer.startSpan(
            'settle',
            { attributes: sizeOf(input) },
            childOf(spanContextOf(input.traceparent)),
          );
          try {
            const remembering = remember(input.operators, span.spanContext());
            const settled = await activities.settle(input);
            span.setAttribute('postrider.set_aside', settled.setAside.length);
            span.addLinks(await remembering);
            return settled;
          } catch (error) {
            // The message of an error may quote data.
            span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : '' });
            throw error;
          } finally {
            span.end();
          }
        },
      };
    },
  };
}

function isQuickSuccess({ next, number, durationMs }: AttemptRecord): boolean {
  return next.state === 'delivered' && number === 1 && durationMs <= QUICK_MS;
}

function sizeOf({ batchId, operators, owner }: SettleInput): Attributes {
  return {
    'postrider.batch_id': batchId,
    'postrider.events': operators.reduce((sum, { eventIds }) => sum + eventIds.length, 0),
    'postrider.operators': operators.length,
    'postrider.owner': owner,
  };
}

function resultOf({ cause, next, statusCode, errorClass }: AttemptRecord): Attributes {
  return {
    'postrider.cause': cause,
    'postrider.state': next.state,
    ...(statusCode !== null && { 'http.response.status_code': statusCode }),
    ...(errorClass !== null && { 'error.type': errorClass }),
  };
}
