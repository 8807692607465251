// Creates the accounts that transfers touch. An account is itemsWithOperator by its purpose and
// owner, so posting looks none up.
import type { AffiliatePurpose, OperatorPurpose } from '../../domain/keys.ts';
import { decimalsOf } from '../../domain/ledger/money.ts';
import { accountOf, isOfOperator, type Leg } from '../../domain/ledger/transfers.ts';
import { bulkColumns } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';

/** An account of an affiliate, or of the operator where `affiliateId` is null. */
export type AccountRow = {
  id: string;
  purpose: AffiliatePurpose | OperatorPurpose;
  affiliateId: string | null;
  currency: string;
  exponent: number;
};

const ACCOUNTS = bulkColumns<AccountRow>({
  id: ['text', ({ id }) => id],
  purpose: ['text', ({ purpose }) => purpose],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  currency: ['text', ({ currency }) => currency],
  exponent: ['int', ({ exponent }) => exponent],
});

/** Creates those accounts that do not exist yet. */
export async function ensureAccounts(
  db: Queryable,
  operatorId: string,
  accounts: readonly AccountRow[],
): Promise<void> {
  if (accounts.length === 0) return;
  await db.query({
    name: 'insert-accounts',
    text: `insert into accounts (operator_id, ${ACCOUNTS.names()})
      select $1, ${ACCOUNTS.names()} from ${ACCOUNTS.unnest(2, 'a')} order by id, currency
      on conflict do nothing`,
    values: [operatorId, ...ACCOUNTS.values(accounts)],
  });
}

/**
 * Created with an affiliate's first commission: releases and reversals of it find them in place.
 */
const OF_COMMISSION: readonly AffiliatePurpose[] = ['pending', 'payable', 'debt'];

/**
 * The accounts that transfers touch, each once; with an expense all those that a commission can
 * come to.
 */
export function accountsOf(
  transfers: readonly (Pick<Leg, 'debit' | 'credit'> & { affiliateId: string; currency: string })[],
): AccountRow[] {
  const accounts = new Map<string, AccountRow>();
  const add = (purpose: AffiliatePurpose | OperatorPurpose, owner: string, currency: string): void => {
    const id = accountOf(purpose, owner);
    const affiliateId = isOfOperator(purpose) ? null : owner;
    accounts.set(`${id} ${currency}`, {
      id,
      purpose,
      affiliateId,
      currency,
      exponent: decimalsOf(currency),
    });
  };
  const seen = new Set<string>();
  for (const { debit, credit, affiliateId, currency } of transfers) {
    const key = `${debit} ${credit} ${affiliateId} ${currency}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const isCommission = debit === 'expense' || credit === 'expense';
    for (const purpose of [debit, credit, ...(isCommission ? OF_COMMISSION : [])])
      add(purpose, affiliateId, currency);
  }
  return [...accounts.values()];
}
