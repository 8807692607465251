// Decimals of currencies: every current ISO 4217 currency (list one, amendment 180), and those that
// operators of this installation added. `Intl` differs from ISO for 29 codes.

const NONE = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF';
const TWO =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF ' +
  'CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD ' +
  'GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL ' +
  'MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR ' +
  'PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP ' +
  'TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG';
const THREE = 'BHD IQD JOD KWD LYD OMR TND';
const FOUR = 'CLF UYW';

/** ISO 4217 code → number of decimals of its minor unit. */
export const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...NONE.split(' ').map((code) => [code, 0] as const),
  ...TWO.split(' ').map((code) => [code, 2] as const),
  ...THREE.split(' ').map((code) => [code, 3] as const),
  ...FOUR.split(' ').map((code) => [code, 4] as const),
]);

/** Form of a code that an operator may add. */
export const CODE = /^[A-Z0-9]{3,10}$/;
/** Decimals that an added currency may have: account balances are sums of bigint minor units. */
export const MOST_DECIMALS = 8;

/** Code → decimals of currencies that operators added. */
export type AddedCurrencies = ReadonlyMap<string, number>;

/**
 * Added currencies that this process has met. A code means the same to every operator of an
 * installation, as an ISO code does, so one map serves them all.
 */
const registered = new Map<string, number>();

/** Makes added currencies known to `exponentOf`. The store calls it where it reads an operator. */
export function registerCurrencies(added: AddedCurrencies): void {
  for (const [code, exponent] of added) registered.set(code, exponent);
}

/**
 * Decimals of a currency's minor unit, or undefined for a code that is not a currency. An added
 * code keeps its decimals if ISO 4217 takes the code up later, since amounts were stored in them.
 */
export function exponentOf(currency: string): number | undefined {
  return registered.get(currency) ?? EXPONENTS.get(currency);
}

/** Whether an operator that added these currencies may use a code. */
export function isUsable(code: string, added: AddedCurrencies): boolean {
  return EXPONENTS.has(code) || added.has(code);
}
