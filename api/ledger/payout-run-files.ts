// A payout run in the form that a caller accepts: JSON with a page of its results, CSV with where
// to pay each, or a file of credit transfers for the bank.
import type { Request, Response } from 'express';
import { EXPONENTS } from '../../domain/ledger/currencies.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import { dayOf } from '../../domain/ledger/periods.ts';
import type { BankAccount } from '../../domain/ledger/payment-details.ts';
import type { Page } from '../../store/db/page.ts';
import type { Store } from '../../store/index.ts';
import type { PayoutRun, RunItem } from '../../store/ledger/payout-runs.ts';
import { callerOf } from '../http/auth.ts';
import { ApiError, type Issue } from '../http/errors.ts';
import { answerList } from '../http/lists.ts';
import { read } from '../http/read.ts';
import { answerInParts } from '../http/streaming.ts';
import type { Temporal } from '../temporal.ts';
import { pain001, type Transfer } from './pain-001.ts';
import * as answers from './payout-runs.answers.ts';
import { runPage } from './payout-runs.schema.ts';

type Deps = {
  store: Pick<Store, 'payoutRuns' | 'paymentDetails'>;
  temporal: Pick<Temporal, 'workflowUrl'>;
};

const FORMS = ['application/json', 'text/csv', 'application/xml'];
const PAGE = 500;
/** Issues of one answer. */
const NAMED_AT_MOST = 100;

/** Answers with a run. The files hold accounts, and need a key that may manage. */
export async function answerRun(req: Request, res: Response, run: PayoutRun, deps: Deps): Promise<void> {
  const { store, temporal } = deps;
  const operatorId = callerOf(res).operator.id;
  const query = read(runPage, req.query);
  const form = req.accepts(FORMS);
  res.vary('accept');
  if (form === 'application/xml')
    return answerTransfers(res, run, await transfersOf(res, run, query.without_iban, deps));
  const items = (page: Page) => store.payoutRuns.listItems(operatorId, run.id, query.result ?? null, page);
  if (form === 'text/csv') {
    requireManage(res);
    const view = (row: Detailed) => answers.runPaymentView(row, run.currency);
    const rows = async (page: Page) => withDetails(operatorId, await items(page), deps);
    return answerList(req, res, query, { rows, view, schema: answers.runPayment });
  }
  const view = (row: RunItem) => answers.runResultView(row, run.currency);
  const list = { rows: items, view, schema: answers.runResult, as: 'results' };
  await answerList(req, res, query, list, async () => {
    const counts = await store.payoutRuns.counts(operatorId, run.id);
    return {
      ...answers.payoutRunView(run, temporal.workflowUrl),
      counts: counts.map(({ result, affiliates, amountMinor }) => {
        return { result, affiliates, amount: formatMoney(amountMinor, run.currency) };
      }),
    };
  });
}

/** For answers with accounts, which nothing on the way may keep. */
function requireManage(res: Response): void {
  res.setHeader('cache-control', 'no-store');
  if (!callerOf(res).key.scopes.includes('manage'))
    throw new ApiError('forbidden', 'this API key lacks the scope manage, which files with accounts need');
}

type Detailed = RunItem & { details: Parameters<typeof answers.runPaymentView>[0]['details'] };

async function withDetails(operatorId: string, items: RunItem[], { store }: Deps): Promise<Detailed[]> {
  const found = await store.paymentDetails.findAll(
    operatorId,
    items.map(({ id }) => id),
  );
  return items.map((item) => ({ ...item, details: found.get(item.id)?.details ?? null }));
}

type Transfers = { debtor: BankAccount; transfers: Transfer[] };

/** What is still to be paid of a run. Throws `not_possible` with everything that is in the way. */
async function transfersOf(
  res: Response,
  run: PayoutRun,
  withoutIban: 'refuse' | 'omit',
  deps: Deps,
): Promise<Transfers> {
  requireManage(res);
  const operatorId = callerOf(res).operator.id;
  if (run.isDryRun) throw new ApiError('not_possible', 'a dry run pays nobody');
  if (run.state === 'running') throw new ApiError('not_possible', 'this payout run is not done yet');
  if (!EXPONENTS.has(run.currency))
    throw new ApiError('not_possible', `${run.currency} is no currency of ISO 4217, which banks need`);
  const issues: Issue[] = [];
  const account = (await deps.store.paymentDetails.find(operatorId, operatorId))?.details;
  if (account === undefined)
    issues.push({
      path: 'payout_account',
      code: 'required',
      message: 'give the account that you pay from: PUT /v1/operator/payout-account',
    });
  const transfers: Transfer[] = [];
  for await (const { id, payoutId, amountMinor, details } of toPay(operatorId, run, deps)) {
    if (details?.method === 'bank') transfers.push({ id: payoutId, amountMinor, creditor: details });
    else if (withoutIban === 'refuse' && issues.length < NAMED_AT_MOST)
      issues.push({ path: id, code: 'iban_required', message: 'this affiliate has no IBAN' });
  }
  if (issues.length > 0) throw new ApiError('not_possible', refusal(issues), { issues });
  if (transfers.length === 0) throw new ApiError('not_possible', 'nothing is left to be transferred');
  return { debtor: account as BankAccount, transfers };
}

async function* toPay(operatorId: string, run: PayoutRun, deps: Deps) {
  for (let before: string | null = null; ;) {
    const page: RunItem[] = await deps.store.payoutRuns.listItems(operatorId, run.id, 'created', {
      limit: PAGE,
      before,
    });
    for (const item of await withDetails(operatorId, page, deps))
      if (item.payoutState === 'reserved') yield { ...item, payoutId: item.payoutId! };
    if (page.length < PAGE) return;
    before = page.at(-1)!.id;
  }
}

function refusal(issues: readonly Issue[]): string {
  const [first] = issues;
  return `${first!.path}: ${first!.message}${issues.length > 1 ? `, and ${issues.length - 1} more` : ''}`;
}

/** A file that is made days after its run is executed on the day on which it is made. */
function answerTransfers(res: Response, run: PayoutRun, { debtor, transfers }: Transfers): Promise<void> {
  const { id, currency } = run;
  const now = new Date();
  const executeOn = dayOf(now.getTime(), callerOf(res).operator.timezone);
  const parts = pain001({ runId: id, createdAt: now, executeOn, currency, debtor, transfers });
  return answerInParts(res.attachment(`${id}.xml`), 'application/xml', parts);
}
