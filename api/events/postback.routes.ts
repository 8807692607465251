// Route for events by query parameters, as trackers send them: GET or POST /postback?key=…&event=…
import type { Request, RequestHandler, Router } from 'express';
import { type Auth, callerOf } from '../http/auth.ts';
import { postbackBody } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { addPath } from '../http/path.ts';
import { invalid } from '../http/read.ts';
import { type AcceptanceDeps, answerOne, rulesOf } from './acceptance.ts';
import { readPostback } from './postback.schema.ts';

export function addPostbackRoute(router: Router, deps: AcceptanceDeps & { auth: Auth }): void {
  const { auth } = deps;
  const caller = auth.scope('events:write', { inQuery: true, sends: true });

  const accept: RequestHandler = async (req, res) => {
    res.setHeader('cache-control', 'no-store');
    const from = callerOf(res);
    const params = paramsOf(req);
    await answerOne(
      req,
      res,
      readPostback(params, from.operator.postbackAliases, rulesOf(from, 'postback'), Date.now()),
      deps,
    );
  };
  const refuseHead: RequestHandler = (_req, res, next) => {
    res.setHeader('allow', 'GET, POST');
    next(new ApiError('method_not_allowed', 'HEAD is not possible here: it would count as an event'));
  };

  addPath(router, '/postback', {
    get: [caller, auth.signed, accept],
    post: [caller, ...postbackBody, auth.signed, accept],
    head: [refuseHead],
  });
}

/**
 * The parameters without the key: from the body where there is one, else from the query. Never
 * both, so that a signature covers all of them.
 */
function paramsOf(req: Request): unknown {
  const { key: _key, ...query } = req.query;
  // The body of a GET is ignored.
  if (req.method === 'GET' || req.body === undefined) return query;
  const extra = Object.keys(query);
  if (extra.length === 0) return req.body;
  const message = 'belongs into the body, with the others';
  throw invalid(extra.map((name) => ({ path: name, code: 'not_in_query', message })));
}
