// Bank accounts: check digits, lengths and masks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bicFrom, ibanFrom, masked } from '../../../domain/ledger/payment-details.ts';

const IBANS = [
  'DE89370400440532013000',
  'GB29NWBK60161331926819',
  'FR1420041010050500013M02606',
  'NO9386011117947',
  'MT84MALT011000012345MTLCAST001S',
  'CY17002001280000001200527600',
];

test('an IBAN of the registry’s examples is taken, in lower case and with blanks too', () => {
  for (const iban of IBANS) {
    assert.equal(ibanFrom(iban), iban);
    assert.equal(ibanFrom(` ${iban.toLowerCase().replace(/(.{4})/g, '$1 ')}`), iban);
  }
});

test('an IBAN with one wrong character, or two that changed places, is refused', () => {
  fc.assert(
    fc.property(fc.constantFrom(...IBANS), fc.nat(), fc.nat(9), (iban, place, digit) => {
      const at = 2 + (place % (iban.length - 2));
      const wrong = iban.slice(0, at) + String(digit) + iban.slice(at + 1);
      assert.equal(ibanFrom(wrong), wrong === iban ? iban : null);
      const swapped = iban.slice(0, at) + (iban[at + 1] ?? '') + iban[at]! + iban.slice(at + 2);
      if (swapped !== iban && at + 1 < iban.length) assert.equal(ibanFrom(swapped), null);
    }),
  );
});

test('an IBAN of a length that its country does not have is refused, though its check digits fit', () => {
  // Check digits of DE with one digit less.
  const short = Array.from(
    { length: 97 },
    (_, check) => `DE${String(check + 2).padStart(2, '0')}37040044053201300`,
  );
  assert.deepEqual(short.map(ibanFrom).filter(Boolean), []);
});

test('a BIC has eight or eleven characters', () => {
  assert.deepEqual(['cobadeff', 'COBADEFFXXX', 'COBADE', 'COBADEFFXX', '12345678'].map(bicFrom), [
    'COBADEFF',
    'COBADEFFXXX',
    null,
    null,
    null,
  ]);
});

test('a mask never shows more than eight characters, nor all of a short account', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 3 }), (account) => {
      assert.ok(masked(account).length <= 9 && masked(account) !== account);
    }),
  );
});
