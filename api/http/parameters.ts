// Parameters of operations that take none. Operations that take some read them by their own
// schemas, which are as strict.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Operation } from './operation.ts';
import { routeOf } from './path.ts';
import { read } from './read.ts';

const NOTHING = z.strictObject({});

/**
 * Refuses parameters where an operation has none: who sends `?dry_run=true` to what has no dry run
 * must not find that it was done.
 */
export function createParametersCheck(
  resources: readonly { operations: Readonly<Record<string, Pick<Operation, 'query'>>> }[],
): RequestHandler {
  const without = new Set(
    resources.flatMap(({ operations }) =>
      Object.entries(operations).flatMap(([route, { query }]) => (query === undefined ? [route] : [])),
    ),
  );
  return (req, _res, next) => {
    if (!req.url.includes('?')) return next();
    const method = req.method === 'HEAD' ? 'GET' : req.method;
    if (without.has(`${method} ${routeOf(req)}`)) read(NOTHING, req.query);
    next();
  };
}
