// Currencies that operators added, as JSON beside other columns, so that no query more is needed
// before amounts of an operator are read.
import { registerCurrencies, type AddedCurrencies } from '../../domain/ledger/currencies.ts';

/** Decimals by code, as an object; null where the operator added none. */
export type CurrenciesColumn = { currencies: Record<string, number> | null };

/** Column of `CurrenciesColumn` for the operator whose id is this SQL expression. */
export function currenciesColumn(operatorId: string): string {
  return `(select json_object_agg(c.code, c.exponent)
    from operator_currencies u join currencies c on c.code = u.code
    where u.operator_id = ${operatorId}) as currencies`;
}

/** Makes an operator's added currencies known to this process, and returns them. */
export function knowCurrencies({ currencies }: CurrenciesColumn): AddedCurrencies {
  const added = new Map(Object.entries(currencies ?? {}));
  registerCurrencies(added);
  return added;
}
