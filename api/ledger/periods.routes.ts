// Routes of periods, the months of the books: the list, one month, and closing it.
import type { Request, Router } from 'express';
import { openMonths } from '../../domain/ledger/closing.ts';
import { monthAfter } from '../../domain/ledger/periods.ts';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { isMonth } from '../http/fields.ts';
import { listOf } from '../http/lists.ts';
import { addPath } from '../http/path.ts';
import type { Temporal } from '../temporal.ts';
import { type Month, openMonth, periodView } from './periods.answers.ts';
import * as answers from './periods.answers.ts';
import { periodPage } from './periods.schema.ts';

type Deps = { store: Pick<Store, 'periods'>; auth: Auth; temporal: Pick<Temporal, 'closePeriod'> };

export function addPeriodRoutes(router: Router, { store, auth, temporal }: Deps): void {
  /** Months with the open ones, newest first. */
  async function list(
    operatorId: string,
    { limit, before }: { limit: number; before: string | null },
  ): Promise<(Month & { id: string })[]> {
    const open = openMonths(await store.periods.books(operatorId), Date.now());
    const wanted = open.filter((period) => before === null || period < before);
    const others = await store.periods.list(operatorId, { limit, before });
    return [...wanted.map(openMonth), ...others].slice(0, limit).map((row) => ({ ...row, id: row.period }));
  }

  async function show(operatorId: string, period: string) {
    const [row] = await list(operatorId, { limit: 1, before: monthAfter(period) });
    if (row?.period !== period) throw notFound('period');
    return periodView(row);
  }

  addPath(router, '/v1/periods', {
    get: [auth.scope('read'), listOf(periodPage, list, periodView, answers.period)],
  });

  addPath(router, '/v1/periods/:period', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(await show(callerOf(res).operator.id, periodOf(req)));
      },
    ],
  });

  addPath(router, '/v1/periods/:period/close', {
    post: [
      auth.scope('manage'),
      async (req, res) => {
        const { operator } = callerOf(res);
        const period = periodOf(req);
        const answer = await store.periods.begin(operator.id, period);
        switch (answer?.kind) {
          case 'closed':
            return void res.json(await show(operator.id, period));
          case 'closable':
            await temporal.closePeriod(operator.id, period);
            return void res.status(202).json(await show(operator.id, period));
          case 'not_ended':
            throw new ApiError('not_possible', `${period} has not ended yet in ${operator.timezone}`);
          case 'earlier_is_open':
            throw new ApiError('not_possible', `${answer.earlier} is still open and must be closed first`);
          case 'nothing_posted':
            throw new ApiError('not_possible', `nothing had been posted by the end of ${period}`);
          case undefined:
            throw notFound('period');
        }
      },
    ],
  });
}

/** The month in the path. Throws `not_found` for a malformed one. */
function periodOf(req: Request): string {
  const { period } = req.params;
  if (!isMonth(period)) throw notFound('period');
  return period;
}
