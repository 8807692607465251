// Affiliates as callers: which operations are theirs, how a request is confined to what is their
// own, and what answers leave out for them. An operation that does not declare itself is closed.
import type { Request, RequestHandler, Response } from 'express';
import type { Caller } from '../../store/access/callers.ts';
import type { Owned, Owners } from '../../store/access/owners.ts';
import { ApiError, notFound } from './errors.ts';
import { isId } from './fields.ts';
import { answerAffiliate } from './own-answers.ts';
import { invalid } from './read.ts';

/** The scopes of an affiliate's key: read what is its own; set up its own endpoints. */
export const OWN_SCOPES = ['own:read', 'own:endpoints'] as const;
export type OwnScope = (typeof OWN_SCOPES)[number];

/**
 * How an operation is confined to an affiliate's own. `path`: the `:id` names this kind of thing.
 * `query`: this parameter of the list is set to the affiliate. `body`: the affiliate is set in the
 * body, or the endpoint that it names must be the affiliate's. None of them: there is nothing that
 * belongs to anybody.
 */
export type Own = {
  scope: OwnScope;
  path?: Owned;
  query?: 'affiliate_id' | 'recipient_id';
  body?: 'affiliate_id' | 'endpoint_id';
};

type Affiliate = NonNullable<Caller['affiliate']>;
type AffiliateCaller = Caller & { affiliate: Affiliate };

export function isAffiliate(caller: Caller): caller is AffiliateCaller {
  return caller.affiliate !== null;
}

export type OwnRules = {
  /** The scope that the request takes. Throws `forbidden` where it is not for affiliates. */
  scopeOf(req: Request): OwnScope;
  /**
   * Confines the request, and its answer. Throws `not_found` for what is another's, as for what is
   * not there.
   */
  confine(req: Request, res: Response, caller: AffiliateCaller): Promise<void>;
};

export function createOwnRules(
  resources: readonly { operations: Readonly<Record<string, { own?: Own }>> }[],
  owners: Pick<Owners, 'find'>,
): OwnRules {
  const byRoute = new Map(
    resources.flatMap(({ operations }) =>
      Object.entries(operations).flatMap(([route, { own }]) => (own ? [[route, own] as const] : [])),
    ),
  );
  const find = ({ method, route }: Request): Own | undefined =>
    byRoute.get(`${method === 'HEAD' ? 'GET' : method} ${(route as { path: string }).path}`);

  async function require(caller: AffiliateCaller, thing: Owned, id: unknown): Promise<boolean> {
    if (typeof id !== 'string' || (thing !== 'click' && !isId(id))) return false;
    return (await owners.find(caller.operator.id, thing, id)) === caller.affiliate.id;
  }

  return {
    scopeOf(req) {
      const own = find(req);
      if (own === undefined) throw new ApiError('forbidden', 'this is not open to the key of an affiliate');
      return own.scope;
    },
    async confine(req, res, caller) {
      const { affiliate, operator } = caller;
      const { path, query, body } = find(req)!;
      if (path !== undefined && !(await require(caller, path, req.params['id']))) throw notFound(path);
      if (query !== undefined) setInQuery(req, query, affiliate);
      answerAffiliate(res, { affiliateId: affiliate.id, sharesPersons: operator.shareCustomerIds });
      confineBodyLater(res, async (given) => {
        if (given['share_customer_id'] === true && !operator.shareCustomerIds)
          throw new ApiError('forbidden', 'the operator does not share the ids of customers');
        if (body === 'affiliate_id') setInBody(given, affiliate);
        if (body === 'endpoint_id' && !(await require(caller, 'endpoint', given['endpoint_id'])))
          throw invalid([
            { path: 'endpoint_id', code: 'unknown_endpoint', message: 'must be an endpoint of your own' },
          ]);
      });
    },
  };
}

type Body = Record<string, unknown>;
type Confinement = (body: Body) => Promise<void>;

/** Keeps a check for the time when the body is read, see `confineBody`. */
function confineBodyLater(res: Response, confinement: Confinement): void {
  res.locals['confineBody'] = confinement;
}

/** Confines a body that was read, for a caller who is confined. Runs after every parser of JSON. */
export const confineBody: RequestHandler = async (req, res, next) => {
  const confine = res.locals['confineBody'] as Confinement | undefined;
  if (confine !== undefined) {
    if (typeof req.body !== 'object' || req.body === null) req.body = {};
    await confine(req.body as Body);
  }
  next();
};

function setInQuery(req: Request, name: string, { id }: Affiliate): void {
  const others = ['affiliate_id', 'recipient_id'].map((each) => req.query[each]);
  if (others.some((given) => given !== undefined && given !== id)) throw notFound('affiliate');
  // Express reads the query anew at each access.
  Object.defineProperty(req, 'query', { value: { ...req.query, [name]: id } });
}

function setInBody(body: Body, { id }: Affiliate): void {
  if (body['affiliate_id'] !== undefined && body['affiliate_id'] !== id)
    throw invalid([
      { path: 'affiliate_id', code: 'unknown_affiliate', message: 'there is no such affiliate' },
    ]);
  body['affiliate_id'] = id;
}
