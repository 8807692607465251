// Payment details: where money is sent, the form of bank accounts (IBAN by ISO 13616, BIC by ISO
// 9362), and how much of an account is shown.

/** A bank account, or a way that is only written down: a wallet, an address of a chain. */
export type PaymentDetails =
  | { method: 'bank'; holder: string; iban: string; bic: string | null }
  | { method: 'other'; holder: string; kind: string; account: string };
export const PAYMENT_METHODS = ['bank', 'other'] as const satisfies readonly PaymentDetails['method'][];

export type BankAccount = Extract<PaymentDetails, { method: 'bank' }>;

/** Lengths by country, as the registry of IBANs has them. */
const LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 ' +
    'DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 ' +
    'IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 ' +
    'MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 ' +
    'SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);

const IBAN = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;
const BIC = /^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$/;

/** An IBAN in upper case without blanks; null for other text, and where check digits do not fit. */
export function ibanFrom(text: string): string | null {
  const iban = text.replace(/\s/g, '').toUpperCase();
  if (!IBAN.test(iban)) return null;
  const length = LENGTHS.get(iban.slice(0, 2));
  if (length !== undefined && iban.length !== length) return null;
  // Letters count as 10 to 35, and the first four characters go to the end.
  const digits = (iban.slice(4) + iban.slice(0, 4)).replace(/[A-Z]/g, (letter) =>
    String(parseInt(letter, 36)),
  );
  return BigInt(digits) % 97n === 1n ? iban : null;
}

/** A BIC in upper case without blanks; null where the text is none. */
export function bicFrom(text: string): string | null {
  const bic = text.replace(/\s/g, '').toUpperCase();
  return BIC.test(bic) ? bic : null;
}

/** The first and the last four characters of an account; of a short one only the last two. */
export function masked(account: string): string {
  return account.length < 12 ? `…${account.slice(-2)}` : `${account.slice(0, 4)}…${account.slice(-4)}`;
}
