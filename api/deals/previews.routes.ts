// Route of previews: recalculates past events with other terms. Posts nothing.
import type { Router } from 'express';
import { compileTerms } from '../../domain/commission/terms.ts';
import { PROPOSED } from '../../domain/settlement/preview.ts';
import type { Store } from '../../store/index.ts';
import { PREVIEWED_AT_MOST } from '../../store/settlement/previews.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { completeTerms } from './deals.schema.ts';
import { previewView } from './previews.answers.ts';
import { dealPreview } from './previews.schema.ts';

type Deps = { store: Pick<Store, 'deals' | 'previewing'>; auth: Auth };

/** Concurrent previews per process: each holds its events in memory. */
const AT_ONCE = 1;

export function addPreviewRoute(router: Router, { store, auth }: Deps): void {
  let underWay = 0;
  addPath(router, '/v1/deals/:id/preview', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { operator } = callerOf(res);
        const id = idFromPath(req, 'deal');
        const { terms: form, applies_to: appliesTo, from, to } = read(dealPreview, req.body, callerOf(res));
        const wire = completeTerms(form, operator.currency);
        const deal = await store.deals.find(operator.id, id);
        if (deal === null) throw notFound('deal');
        const compiled = compileTerms(wire);
        if (compiled.kind === 'invalid') throw new Error('complete terms do not compile');
        if (underWay >= AT_ONCE) throw new ApiError('rate_limited', 'another preview is being worked out');
        underWay++;
        try {
          const version = {
            dealId: id,
            version: PROPOSED,
            affiliateId: deal.affiliateId,
            effectiveFrom: from.getTime(),
            appliesTo,
            endedAt: deal.endedAt?.getTime() ?? null,
            terms: compiled.terms,
          };
          const previewed = await store.previewing.preview(operator.id, { version, from, to });
          if (previewed === 'too_many')
            throw new ApiError(
              'not_possible',
              `there are more than ${PREVIEWED_AT_MOST} conversions in that time; ask for less of it`,
            );
          res.json({ deal_id: id, from, to, ...previewView(previewed, wire.currency) });
        } finally {
          underWay--;
        }
      },
    ],
  });
}
