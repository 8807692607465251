// Logs each request once it is answered: by ids and the pattern of its route. Never a key, a query
// string, a body or a path, which may hold ids of customers.
import type { RequestHandler, Response } from 'express';
import type { Logger } from '../../log.ts';
import type { Caller } from '../../store/access/callers.ts';
import { routeOf } from './path.ts';

/** A line about a batch names as many of its events. */
const EVENTS_AT_MOST = 20;

/** Has the line of the request name the events that it brought. */
export function logEvents(res: Response, ids: readonly string[]): void {
  res.locals['events'] = ids.length;
  res.locals['eventIds'] = ids.slice(0, EVENTS_AT_MOST);
}

/** Asked every few seconds by machines; logged at level `debug`. */
const OFTEN: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

type Logged = { caller?: Caller; events?: number; eventIds?: string[] };

/** Lines of ids and numbers hold no secret: looking for one is two thirds of what a line costs. */
export function createRequestLog(logger: Pick<Logger, 'child'>): RequestHandler {
  const log = logger.child({}, { redact: [] });
  return (req, res, next) => {
    const start = performance.now();
    res.once('close', () => {
      const route = routeOf(req);
      const { caller, events, eventIds } = res.locals as Logged;
      const line = {
        requestId: res.getHeader('x-request-id'),
        operatorId: caller?.operator.id,
        keyId: caller?.key.id,
        method: req.method,
        route,
        status: res.statusCode,
        ...(events !== undefined && { events, eventIds }),
        ms: Math.round(performance.now() - start),
        // The caller went away before the answer was sent.
        ...(res.writableFinished ? {} : { aborted: true }),
      };
      log[OFTEN.has(route) ? 'debug' : 'info'](line, 'request');
    });
    next();
  };
}
