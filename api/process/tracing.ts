// Spans of the API: one for each batch it starts, and the trace of the requests that bring events.
import type { Request } from 'express';
import { spanContextOf, startTracing, traceparentOf } from '../../tracing.ts';

type Options = Omit<Parameters<typeof startTracing>[0], 'service'>;

export function startApiTracing(options: Options) {
  const { traceBatch, close } = startTracing({ ...options, service: 'postrider-api' });
  return {
    traceBatch,
    close,
    /** The trace that a request names; undefined where it names none, or one that is malformed. */
    traceparentOf(req: Pick<Request, 'headers'>): string | undefined {
      const { traceparent } = req.headers;
      if (typeof traceparent !== 'string') return undefined;
      const context = spanContextOf(traceparent);
      return context && traceparentOf(context);
    },
  };
}
