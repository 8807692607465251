// Links, the clicks on them, and clicks that are told to us.
import type { Request, RequestHandler, Router } from 'express';
import type { Subs } from '../../domain/types.ts';
import { newId } from '../../ids.ts';
import type { Link } from '../../store/links.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../auth.ts';
import { jsonBody } from '../body.ts';
import { notFound } from '../errors.ts';
import { answerPage } from '../lists.ts';
import { addResource, idOf } from '../resource.ts';
import { byAffiliate } from '../schemas/lists.ts';
import { invalid, read } from '../schemas/read.ts';
import { newClick, newLink } from '../schemas/setup.ts';
import { requireAffiliate } from './known-affiliate.ts';

type Deps = { store: Pick<Store, 'links' | 'clicks' | 'affiliates'>; auth: Auth; publicUrl: string };

const SUB_NAMES = ['sub1', 'sub2', 'sub3', 'sub4', 'sub5'] as const;
const SUB_LENGTH = 500;

export function addLinkRoutes(router: Router, { store, auth, publicUrl }: Deps): void {
  const linkView = ({ id, affiliateId, landingUrl, params, createdAt }: Link) => {
    return { id, url: `${publicUrl}/c/${id}`, affiliate_id: affiliateId, landing_url: landingUrl, params, created_at: createdAt };
  };

  addResource(router, '/v1/links', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { affiliate_id: affiliateId, landing_url: landingUrl, params } = read(newLink, req.body);
        await requireAffiliate(store, operatorId, affiliateId, 'affiliate_id');
        res
          .status(201)
          .json(linkView(await store.links.insert(operatorId, { id: newId('link'), affiliateId, landingUrl, params })));
      },
    ],
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(byAffiliate, req.query);
        const operatorId = callerOf(res).operator.id;
        res.json(await answerPage(query, (page) => store.links.list(operatorId, query.affiliate_id ?? null, page), linkView));
      },
    ],
  });

  addResource(router, '/v1/clicks', {
    post: [
      auth.scope('events:write'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const { link_id: linkId = null, affiliate_id: given = null, clicked_at, ...subs } = read(newClick, req.body);
        const link = linkId === null ? null : await store.links.find(operatorId, linkId);
        if (linkId !== null && link === null)
          throw invalid([{ path: 'link_id', code: 'unknown_link', message: 'there is no such link' }]);
        await requireAffiliate(store, operatorId, given, 'affiliate_id');
        // The schema lets exactly one of the two pass.
        const affiliateId = link?.affiliateId ?? given!;
        const clickedAt = clicked_at?.getTime() ?? Date.now();
        const click = {
          id: newId('clk'),
          linkId,
          affiliateId,
          subs: SUB_NAMES.map((name) => subs[name] ?? null) as unknown as Subs,
          clickedAt,
        };
        await store.clicks.insert(operatorId, click);
        res.status(201).json({ click_id: click.id });
      },
    ],
  });
}

/** Where affiliates send visitors: counts a click and redirects to the landing page, which learns the click's id. */
export function addClickRoute(router: Router, { store }: Pick<Deps, 'store'>): void {
  const follow: RequestHandler = async (req, res) => {
    const link = await store.links.findPublic(idOf(req, 'link'));
    if (link === null) throw notFound('link');
    const subs = subsOf(req);
    const clickId = isVisit(req) ? newId('clk') : null;
    if (clickId !== null) {
      const { operatorId, affiliateId } = link;
      await store.clicks.insert(operatorId, { id: clickId, linkId: link.id, affiliateId, subs, clickedAt: Date.now() });
    }
    const given = SUB_NAMES.map((name, index) => [name, subs[index] ?? null] as const);
    const target = withParams(link.landingUrl, [...Object.entries(link.params), ['click_id', clickId], ...given]);
    // `location` encodes what a header cannot hold and leaves what is encoded already.
    res.status(302).location(target).setHeader('cache-control', 'no-store').end();
  };
  addResource(router, '/c/:id', { get: [follow], head: [follow] });
}

/** Link checkers ask by HEAD, and browsers fetch ahead what nobody may ever open. */
function isVisit(req: Request): boolean {
  const purpose = `${req.get('purpose') ?? ''} ${req.get('sec-purpose') ?? ''} ${req.get('x-moz') ?? ''}`;
  return req.method === 'GET' && !/\bprefetch\b/i.test(purpose);
}

/** A visitor is never turned away for an odd sub: what cannot be kept is cut off. */
function subsOf(req: Request): Subs {
  return SUB_NAMES.map((name) => {
    const value = req.query[name];
    const kept =
      typeof value === 'string'
        ? Array.from(value.replaceAll(/[\p{Cc}\p{Cs}]/gu, ''))
            .slice(0, SUB_LENGTH)
            .join('')
        : '';
    return kept === '' ? null : kept;
  }) as unknown as Subs;
}

/** Adds parameters to a URL as it stands, before its fragment; its own query is left byte for byte. */
function withParams(url: string, params: (readonly [string, string | null])[]): string {
  const [address = '', ...fragment] = url.split('#');
  const added = params.flatMap(([name, value]) =>
    value === null ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  const query = added.length === 0 ? '' : separator + added.join('&');
  return [address + query, ...fragment].join('#');
}
