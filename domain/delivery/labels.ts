// Labels of postbacks and endpoints for people: who receives them, and which amount they report.
// Never a path, a query or a value of a body, which may hold a secret or a customer's data.
import { decimalsOf, formatDecimal } from '../ledger/money.ts';

/** An amount that a postback reports. `exponent`: decimals of a currency that an operator added. */
export type Sum = { currency: string; minor: bigint; exponent: number | null };

/** Receiver of postbacks. Names are as the operator gave them. */
export type Receiver = { url: string; endpointName: string | null; affiliateName: string | null };

export function hostOf(url: string): string {
  return new URL(url).host;
}

/** Such as `200.00 USD`. */
export function sumText({ currency, minor, exponent }: Sum): string {
  return `${formatDecimal(minor, exponent ?? decimalsOf(currency))} ${currency}`;
}

/** Such as `Tracker at crm.example, Northwind`. */
export function receiverText({ url, endpointName, affiliateName }: Receiver): string {
  const host = hostOf(url);
  const endpoint = endpointName === null ? host : `${endpointName} at ${host}`;
  return affiliateName === null ? endpoint : `${endpoint}, ${affiliateName}`;
}

/** Such as `conversion.created 200.00 USD to crm.example, Northwind`. */
export function postbackText(type: string, reported: Sum | null, receiver: Receiver): string {
  return `${type}${reported === null ? '' : ` ${sumText(reported)}`} to ${receiverText(receiver)}`;
}
