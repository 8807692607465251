// Requests of payment details: a bank account, or another way to be paid.
import { z } from 'zod';
import { bicFrom, ibanFrom } from '../../domain/ledger/payment-details.ts';
import { text } from '../http/fields.ts';
import { problem } from '../http/read.ts';

/** Banks take names of up to 140 characters. */
const holder = text(140).meta({ description: 'the name of the account’s holder', examples: ['Jane Doe'] });

const iban = checked(ibanFrom, 'invalid_iban', 'is not an IBAN, or its check digits do not fit').meta({
  description: 'blanks and lower case are taken as well',
  examples: ['DE89 3704 0044 0532 0130 00'],
});
const bic = checked(bicFrom, 'invalid_bic', 'is not a BIC such as COBADEFFXXX').meta({
  examples: ['COBADEFFXXX'],
});

/** Text that `from` brings into its one form; null refuses it. */
function checked(from: (given: string) => string | null, code: string, message: string) {
  return z
    .string()
    .max(64)
    .transform((given, context) => {
      const read = from(given);
      if (read !== null) return read;
      context.issues.push({ ...problem(code, message), input: given });
      return z.NEVER;
    });
}

export const bankAccount = z.strictObject({ holder, iban, bic: bic.nullish() });

export const paymentDetails = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('bank'), ...bankAccount.shape }),
  z.strictObject({
    method: z.literal('other'),
    holder,
    kind: text(60).meta({ description: 'what kind of account it is', examples: ['USDT on Tron', 'Skrill'] }),
    account: text(255).meta({ description: 'the address or number of the account' }),
  }),
]);
