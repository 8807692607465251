// OpenTelemetry spans of both processes: the exporter, the span of a batch, and `traceparent`, the
// text that names a span to another process. Loaded only where spans are made.
import {
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { TraceBatch } from './workflows/contract.ts';

type TracingOptions = {
  /** Where spans go, with the path. */
  url: string;
  headers: Readonly<Record<string, string>>;
  service: 'postrider-api' | 'postrider-worker';
  version: string;
  /** Told at most once a minute that spans were lost. */
  onLost: (reason: string) => void;
};

type Tracing = {
  tracer: Tracer;
  traceBatch: TraceBatch;
  /** Ends the spans of batches under way and sends what waits, for two seconds at most. */
  close(): Promise<void>;
};

/** Spans that wait; more are dropped. A span takes about 2 KB. */
const WAITING_AT_MOST = 4096;
/** Limit of one export, so that a receiver that hangs holds up neither the queue nor a stop. */
const EXPORT_MS = 3000;
const CLOSE_MS = 2000;
const TELL_EVERY_MS = 60_000;

/** Connects to nothing before the first spans are sent. */
export function startTracing({ url, headers, service, version, onLost }: TracingOptions): Tracing {
  const tell = atMostEvery(TELL_EVERY_MS, onLost);
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: EXPORT_MS });
  const processor = new BatchSpanProcessor({
    exporter: watched(exporter, tell),
    maxQueueSize: WAITING_AT_MOST,
    exportTimeoutMillis: EXPORT_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('postrider', version);
  const batches = createBatchTracing(tracer);
  return {
    tracer,
    traceBatch: batches.trace,
    async close() {
      batches.endAll();
      const late = new Promise<'late'>((resolve) => setTimeout(resolve, CLOSE_MS, 'late').unref());
      // A refusal was told by the exporter.
      if ((await Promise.race([provider.shutdown().catch(() => {}), late])) === 'late')
        tell('they were not taken in time');
    },
  };
}

function watched(exporter: SpanExporter, onLost: (reason: string) => void): SpanExporter {
  return {
    shutdown: () => exporter.shutdown(),
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error) onLost(result.error.message);
        done(result);
      }),
  };
}

function atMostEvery(ms: number, tell: (text: string) => void): (text: string) => void {
  let quietUntil = 0;
  return (text) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + ms;
    tell(text);
  };
}

function createBatchTracing(tracer: Tracer): { trace: TraceBatch; endAll(): void } {
  const open = new Set<Span>();
  return {
    trace(batch) {
      const events = batch.operators.reduce((sum, { eventIds }) => sum + eventIds.length, 0);
      const attributes = { 'postrider.batch_id': batch.batchId, 'postrider.events': events };
      const span = tracer.startSpan('batch', { kind: SpanKind.PRODUCER, attributes }, ROOT_CONTEXT);
      open.add(span);
      return {
        batch: { ...batch, traceparent: traceparentOf(span.spanContext()) },
        end(isDone) {
          if (!isDone) span.setStatus({ code: SpanStatusCode.ERROR });
          if (open.delete(span)) span.end();
        },
      };
    },
    endAll() {
      for (const span of open) span.end();
      open.clear();
    },
  };
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The span that a `traceparent` names (W3C Trace Context); undefined where it is malformed. */
export function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  // Later versions may say more, which is not read.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}

export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}

/** The context in which a span is the child of this one, or the root where there is none. */
export function childOf(parent: SpanContext | undefined): Context {
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}
