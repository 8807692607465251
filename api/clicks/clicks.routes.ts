// Routes of clicks: reporting one from the operator's server, the list, one click.
import type { Router } from 'express';
import { storedClickId } from '../../domain/attribution/click-ids.ts';
import { subsFrom } from '../../domain/types.ts';
import { isSameClick } from '../../store/attribution/clicks.ts';
import { newId } from '../../store/db/ids.ts';
import type { Store } from '../../store/index.ts';
import { requireOpenAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { externalId } from '../http/fields.ts';
import { listOf } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';
import type { ClickWriter } from './click-writer.ts';
import { clickView } from './clicks.answers.ts';
import * as answers from './clicks.answers.ts';
import { clickFilter, newClick } from './clicks.schema.ts';

type Deps = {
  store: Pick<Store, 'links' | 'clicks' | 'affiliates'>;
  auth: Auth;
  clickWriter: Pick<ClickWriter, 'insert'>;
  temporal: Pick<Temporal, 'applyAmendments' | 'rematchSoon'>;
};

export function addClickRoutes(router: Router, { store, auth, clickWriter, temporal }: Deps): void {
  addPath(router, '/v1/clicks', {
    post: [
      auth.scope('events:write', { sends: true }),
      ...jsonBody,
      auth.signed,
      async (req, res) => {
        const operatorId = callerOf(res).operator.id;
        const {
          link_id: linkId = null,
          affiliate_id: given = null,
          click_id,
          clicked_at,
          ...subs
        } = read(newClick, req.body);
        const link = linkId === null ? null : await store.links.find(operatorId, linkId);
        if (linkId !== null && link === null)
          throw invalid([{ path: 'link_id', code: 'unknown_link', message: 'there is no such link' }]);
        if (link?.state === 'off') throw new ApiError('not_possible', 'the link is off');
        // The schema requires exactly one of the two.
        const affiliateId = link?.affiliateId ?? given!;
        await requireOpenAffiliate(store, operatorId, affiliateId, 'affiliate_id');
        const click = {
          id: click_id ?? newId('clk'),
          linkId,
          affiliateId,
          subs: subsFrom((name) => subs[name] ?? null),
          clickedAt: clicked_at?.getTime() ?? Date.now(),
        };
        if (click_id === undefined) {
          await clickWriter.insert({ ...click, operatorId });
        } else if (await store.clicks.insert(operatorId, click)) {
          // Events of this click may have arrived before it.
          temporal.rematchSoon(operatorId);
          void temporal.applyAmendments(operatorId);
        } else {
          const known = await store.clicks.find(operatorId, click_id);
          const same =
            known !== null &&
            isSameClick(clicked_at === undefined ? { ...known, clickedAt: click.clickedAt } : known, click);
          if (!same)
            throw new ApiError('conflict', `the click ${click_id} is known already, and says something else`);
          return void res.json({ click_id });
        }
        res.status(201).json({ click_id: click.id });
      },
    ],
    get: [
      auth.scope('read'),
      listOf(
        clickFilter,
        async (operatorId, page, query) => {
          // The index of clicks begins with the affiliate, so a link is searched by its affiliate
          // too.
          const link = query.link_id === undefined ? null : await store.links.find(operatorId, query.link_id);
          const filter = {
            affiliateId: query.affiliate_id ?? link?.affiliateId ?? null,
            linkId: query.link_id ?? null,
            isBot: query.bot ?? null,
            isSeen: query.seen ?? null,
            from: query.from ?? null,
            to: query.to ?? null,
          };
          return store.clicks.list(operatorId, filter, page);
        },
        clickView,
        answers.click,
      ),
    ],
  });

  addPath(router, '/v1/clicks/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const id = externalId.safeParse(req.params['id']);
        const click = id.success
          ? await store.clicks.find(callerOf(res).operator.id, storedClickId(id.data))
          : null;
        if (click === null) throw notFound('click');
        res.json(clickView(click));
      },
    ],
  });
}
