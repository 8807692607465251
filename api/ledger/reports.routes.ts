// Route of reports.
import type { Router } from 'express';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { answerList } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import { reportRow, reportView } from './reports.answers.ts';
import { DAYS_AT_MOST, daysOf, reportFilter } from './reports.schema.ts';

type Deps = { store: Pick<Store, 'reports'>; auth: Auth };

export function addReportRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/reports', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const { operator } = callerOf(res);
        const query = read(reportFilter, req.query, callerOf(res));
        const { group_by: group, affiliate_id: affiliateId = null, link_id: linkId = null } = query;
        const { id: operatorId, timezone } = operator;
        const days = daysOf(query, timezone, Date.now());
        if (days === null)
          throw invalid([
            {
              path: 'from',
              code: 'too_large',
              message: `must be at most ${DAYS_AT_MOST} days before the last day`,
            },
          ]);
        const filter = { ...days, affiliateId, linkId, type: query.event ?? null };
        const rows = (page: Page) => store.reports.list(operatorId, group, filter, page);
        await answerList(
          req,
          res,
          query,
          { rows, view: reportView(group, affiliateId), schema: reportRow },
          async () => ({
            ...days,
            timezone,
            counted_at: await store.reports.countedThrough(operatorId),
          }),
        );
      },
    ],
  });
}
