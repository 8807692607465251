// The money columns of slots and balances: the one list of each, from which statements are made.
import type { BalanceMoney, SlotMoney } from '../../domain/ledger/transfers.ts';
import type { ColumnSpec } from '../db/bulk.ts';

/** The columns of a slot's money. */
export const SLOT_MONEY: Readonly<Record<keyof SlotMoney, string>> = {
  grossMinor: 'gross_minor',
  voidMinor: 'void_minor',
  pendingMinor: 'pending_minor',
  payableMinor: 'payable_minor',
  clawedMinor: 'clawed_minor',
  inPayoutMinor: 'in_payout_minor',
  paidMinor: 'paid_minor',
  debtMinor: 'debt_minor',
};

/** The columns of a balance's money. */
export const BALANCE_MONEY: Readonly<Record<keyof BalanceMoney, string>> = {
  pendingMinor: 'pending_minor',
  payableMinor: 'payable_minor',
  inPayoutMinor: 'in_payout_minor',
  paidMinor: 'paid_minor',
  debtMinor: 'debt_minor',
};

/** `s.gross_minor as "grossMinor", …`: money columns read under the names of their properties. */
export function selected(columns: Readonly<Record<string, string>>, alias?: string): string {
  const prefix = alias === undefined ? '' : `${alias}.`;
  return Object.entries(columns)
    .map(([property, column]) => `${prefix}${column} as "${property}"`)
    .join(', ');
}

/** Money columns as they are sent to PostgreSQL, from the money of a row. */
export function moneySpec<Row, Property extends string>(
  columns: Readonly<Record<Property, string>>,
  moneyOf: (row: Row) => Readonly<Record<Property, bigint>>,
): ColumnSpec<Row> {
  const entries = Object.entries(columns) as [Property, string][];
  return Object.fromEntries(
    entries.map(([property, column]) => [column, ['bigint', (row: Row) => moneyOf(row)[property]]]),
  );
}

/** The money of a slot, out of a row that was read with its columns. */
export function slotMoneyOf(row: SlotMoney): SlotMoney {
  const { grossMinor, voidMinor, pendingMinor, payableMinor } = row;
  const { clawedMinor, inPayoutMinor, paidMinor, debtMinor } = row;
  return {
    grossMinor,
    voidMinor,
    pendingMinor,
    payableMinor,
    clawedMinor,
    inPayoutMinor,
    paidMinor,
    debtMinor,
  };
}

/**
 * `a = b.a + excluded.a, …`: adds to a balance that exists, after `insert into balances as b … on
 * conflict`.
 */
export function added(columns: readonly string[]): string {
  return columns.map((column) => `${column} = b.${column} + excluded.${column}`).join(', ');
}
