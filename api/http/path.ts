// Registers the methods of a path, with 405 for all others, and reads ids from paths.
import type { Request, RequestHandler, Response, Router } from 'express';
import { ApiError, notFound } from './errors.ts';
import { isId } from './fields.ts';

type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete';

/** Adds a path with its methods, each with its handlers in order. */
export function addPath(
  router: Router,
  path: string,
  methods: Partial<Record<Method, RequestHandler[]>>,
): void {
  const route = router.route(path);
  const names = Object.keys(methods) as Method[];
  // HEAD goes first: otherwise Express answers it by the handler of GET.
  for (const name of names.sort((a, b) => Number(b === 'head') - Number(a === 'head')))
    route[name](...methods[name]!);
  const allow = names.map((name) => name.toUpperCase()).join(', ');
  route.all((req, res: Response, next) => {
    res.setHeader('allow', allow);
    next(new ApiError('method_not_allowed', `${req.method} is not possible here`));
  });
}

/** The id in the path. Throws `not_found` for a malformed id, which so never reaches a query. */
export function idFromPath(req: Request, what: string): string {
  const { id } = req.params;
  if (typeof id !== 'string' || !isId(id)) throw notFound(what);
  return id;
}

/** The pattern of the request's route, since paths hold ids; `none` where no route is. */
export function routeOf({ route }: Request): string {
  return (route as { path: string } | undefined)?.path ?? 'none';
}
