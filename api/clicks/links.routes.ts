// Routes of links: the URLs that affiliates send visitors to.
import type { Router } from 'express';
import type { ApiConfig } from '../../config.ts';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { requireOpenAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import type { LinkCache } from './link-cache.ts';
import { linkView } from './links.answers.ts';
import * as answers from './links.answers.ts';
import { changedLanding, linkChange, linkFilter, newLink } from './links.schema.ts';

type Deps = {
  store: Pick<Store, 'links' | 'affiliates'>;
  auth: Auth;
  linkCache: Pick<LinkCache, 'doubt'>;
  config: Pick<ApiConfig, 'publicUrl'>;
};

export function addLinkRoutes(router: Router, { store, auth, linkCache, config }: Deps): void {
  const { publicUrl } = config;

  addPath(router, '/v1/links', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const given = read(newLink, req.body);
        await requireOpenAffiliate(store, operatorId, given.affiliate_id, 'affiliate_id');
        const link = {
          id: newId('link'),
          affiliateId: given.affiliate_id,
          landingUrl: given.landing_url,
          params: given.params,
          deepLinkHosts: given.deep_link_hosts,
        };
        res.status(201).json(linkView(await store.links.insert(operatorId, link), publicUrl));
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        linkFilter,
        (operatorId, page, { affiliate_id: affiliateId = null, state = null }) =>
          store.links.list(operatorId, { affiliateId, state }, page),
        (link) => linkView(link, publicUrl),
        answers.link,
      ),
    ],
  });

  addPath(router, '/v1/links/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const link = await store.links.find(callerOf(res).operator.id, idFromPath(req, 'link'));
        if (link === null) throw notFound('link');
        res.json(linkView(link, publicUrl));
      },
    ],
    patch: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const id = idFromPath(req, 'link');
        const given = read(linkChange, req.body);
        const link = await store.links.find(operatorId, id);
        if (link === null) throw notFound('link');
        const { landing_url: landingUrl = link.landingUrl, params = link.params } = given;
        read(changedLanding, { landing_url: landingUrl, params });
        const changed = await store.links.update(operatorId, id, {
          landingUrl: given.landing_url,
          params: given.params,
          deepLinkHosts: given.deep_link_hosts,
          state: given.state,
        });
        linkCache.doubt(id);
        res.json(linkView(changed!, publicUrl));
      },
    ],
  });
}
