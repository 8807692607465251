// Receiver of OpenTelemetry spans (OTLP over HTTP, JSON): remembers them with the headers and texts
// in which they came, and hangs on demand.
import { startReceiver } from './faulty-receiver.ts';

/** A span as it was sent; ids in hex, attributes by name, the process that made it as `service`. */
export type SentSpan = {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  startMs: number;
  endMs: number;
  isError: boolean;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
};

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type Attribute = { key: string; value: Value };
type WireSpan = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code?: number };
  attributes?: Attribute[];
  links?: { traceId: string; spanId: string }[];
};
type Request = {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: WireSpan[] }[] }[];
};

export type OtlpReceiver = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  spans: SentSpan[];
  /** All requests as they came. */
  requests: { path: string; headers: Record<string, string>; body: string }[];
  /** From now on answers nothing. */
  hang(): void;
  close(): Promise<void>;
};

const STATUS_ERROR = 2;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: SentSpan[] = [];
  const requests: OtlpReceiver['requests'] = [];
  let isHanging = false;
  const receiver = await startReceiver({
    remember: false,
    handler(request, response) {
      requests.push(request);
      if (isHanging) return;
      spans.push(...spansOf(JSON.parse(request.body) as Request));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    },
  });
  return {
    url: receiver.url,
    spans,
    requests,
    hang: () => void (isHanging = true),
    close: receiver.close,
  };
}

function spansOf({ resourceSpans }: Request): SentSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ service, ...spanOf(span) })));
  });
}

function spanOf(span: WireSpan): Omit<SentSpan, 'service'> {
  return {
    name: span.name,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    isError: span.status.code === STATUS_ERROR,
    attributes: attributesOf(span.attributes ?? []),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
  };
}

function attributesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? (doubleValue ?? boolValue) : Number(intValue)),
    ]),
  );
}
