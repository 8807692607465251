// The addresses that affiliates send visitors to.
import type { Router } from 'express';
import { newId } from '../../store/db/ids.ts';
import type { Link } from '../../store/attribution/links.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { notFound } from '../http/errors.ts';
import { answerPage } from '../http/lists.ts';
import { addResource, idOf } from '../http/resource.ts';
import { newLink } from './links.schema.ts';
import { byAffiliate } from '../events/lists.schema.ts';
import { read } from '../http/read.ts';
import { requireAffiliate } from '../http/affiliate-lookup.ts';

type Deps = { store: Pick<Store, 'links' | 'affiliates'>; auth: Auth; publicUrl: string };

export function addLinkRoutes(router: Router, { store, auth, publicUrl }: Deps): void {
  const linkView = ({ id, affiliateId, landingUrl, params, deepLinkHosts, createdAt }: Link) => ({
    id,
    url: `${publicUrl}/c/${id}`,
    affiliate_id: affiliateId,
    landing_url: landingUrl,
    params,
    deep_link_hosts: deepLinkHosts,
    created_at: createdAt,
  });

  addResource(router, '/v1/links', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const given = read(newLink, req.body);
        await requireAffiliate(store, operatorId, given.affiliate_id, 'affiliate_id');
        const link = {
          id: newId('link'),
          affiliateId: given.affiliate_id,
          landingUrl: given.landing_url,
          params: given.params,
          deepLinkHosts: given.deep_link_hosts,
        };
        res.status(201).json(linkView(await store.links.insert(operatorId, link)));
      },
    ],
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(byAffiliate, req.query);
        const operatorId = callerOf(res).operator.id;
        res.json(
          await answerPage(
            query,
            (page) => store.links.list(operatorId, query.affiliate_id ?? null, page),
            linkView,
          ),
        );
      },
    ],
  });

  addResource(router, '/v1/links/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const link = await store.links.find(callerOf(res).operator.id, idOf(req, 'link'));
        if (link === null) throw notFound('link');
        res.json(linkView(link));
      },
    ],
  });
}
