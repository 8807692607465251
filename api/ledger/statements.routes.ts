// Routes of statements: those of closed months, and the preliminary one of an open month.
import type { Request, Response, Router } from 'express';
import { openMonths } from '../../domain/ledger/closing.ts';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import { findAffiliate } from '../http/affiliate-lookup.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { answerList, listOf, wantsCsv } from '../http/lists.ts';
import { shownTo } from '../http/own-answers.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { read } from '../http/read.ts';
import { answerInParts } from '../http/streaming.ts';
import { statement } from './statements.answers.ts';
import { allStatementsFilter, openStatement, statementFilter, statementForm } from './statements.schema.ts';
import { asCsv, asJson, statementView, type WholeStatement } from './statements.views.ts';

type Deps = { store: Pick<Store, 'affiliates' | 'periods' | 'statements'>; auth: Auth };

export function addStatementRoutes(router: Router, { store, auth }: Deps): void {
  addPath(router, '/v1/affiliates/:id/statements', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(statementFilter, req.query, callerOf(res));
        const operatorId = callerOf(res).operator.id;
        const { id } = await findAffiliate(store, operatorId, idFromPath(req, 'affiliate'));
        const rows = (page: Page) => store.statements.list(operatorId, id, query.currency ?? null, page);
        await answerList(req, res, query, { rows, view: statementView, schema: statement });
      },
    ],
  });

  addPath(router, '/v1/affiliates/:id/statements/current', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(openStatement, req.query, callerOf(res));
        const { operator } = callerOf(res);
        const { id: affiliateId } = await findAffiliate(store, operator.id, idFromPath(req, 'affiliate'));
        const books = await store.periods.books(operator.id);
        const open = [...openMonths(books, Date.now()), ...(books.closing === null ? [] : [books.closing])];
        const { period = open[0]!, currency = operator.currency } = query;
        if (!open.includes(period))
          throw new ApiError('not_possible', `${period} is no open month of the books`);
        const of = { affiliateId, currency, period };
        const opening = await store.statements.openingOf(operator.id, of);
        const whole = { ...of, opening, lines: store.statements.openLines(operator.id, of), final: null };
        await answer(req, res, query.format, whole);
      },
    ],
  });

  addPath(router, '/v1/statements', {
    get: [
      auth.scope('read'),
      listOf(
        allStatementsFilter,
        (operatorId, page, { period = null }) => store.statements.listOfAll(operatorId, period, page),
        statementView,
        statement,
      ),
    ],
  });

  addPath(router, '/v1/statements/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const { format } = read(statementForm, req.query);
        const operatorId = callerOf(res).operator.id;
        const final = await store.statements.find(operatorId, idFromPath(req, 'statement'));
        if (final === null) throw notFound('statement');
        await answer(req, res, format, {
          ...final,
          lines: store.statements.lines(operatorId, final.id),
          final,
        });
      },
    ],
  });
}

/** Answers as CSV where the query or else `Accept` asks for it. */
async function answer(
  req: Request,
  res: Response,
  format: 'json' | 'csv' | undefined,
  statementOf: Omit<WholeStatement, 'shown'>,
): Promise<void> {
  const whole: WholeStatement = { ...statementOf, shown: (line) => shownTo(res, line) };
  const form = format ?? (wantsCsv(req) ? 'csv' : 'json');
  res.vary('accept');
  if (form === 'json') return answerInParts(res, 'application/json', asJson(whole));
  const name = `statement-${whole.affiliateId}-${whole.period}-${whole.currency}${whole.final === null ? '-preliminary' : ''}.csv`;
  return answerInParts(res.attachment(name), 'text/csv', asCsv(whole));
}
