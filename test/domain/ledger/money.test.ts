// Decimal text to minor units and back, and the one rounding function.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EXPONENTS, exponentOf } from '../../../domain/ledger/currencies.ts';
import { divideRounded, formatDecimal, formatMoney, parseDecimal } from '../../../domain/ledger/money.ts';
import type { Rounding } from '../../../domain/types.ts';

const MODES: readonly Rounding[] = ['half_even', 'half_up', 'down'];
const LARGEST = 9_200_000_000_000_000n;
const amount = fc.bigInt({ min: -LARGEST, max: LARGEST });

describe('decimal text of an amount', () => {
  for (const [text, currency, expected] of [
    ['1.234', 'KWD', 1234n],
    ['1.234', 'USD', 'too_precise'],
    ['1', 'JPY', 1n],
    ['1.5', 'JPY', 'too_precise'],
    ['1.0', 'JPY', 1n],
    ['500', 'USD', 500_00n],
    ['500.00000', 'USD', 500_00n],
    ['-0.01', 'USD', -1n],
    ['007.10', 'USD', 7_10n],
    ['1.2345', 'CLF', 12345n],
    ['92000000000000.00', 'USD', LARGEST],
    ['92000000000000.01', 'USD', 'too_large'],
    ['', 'USD', 'invalid'],
    ['.5', 'USD', 'invalid'],
    ['5.', 'USD', 'invalid'],
    ['+5', 'USD', 'invalid'],
    ['1e3', 'USD', 'invalid'],
    ['1,000.00', 'USD', 'invalid'],
    [' 1', 'USD', 'invalid'],
    ['１', 'USD', 'invalid'],
    ['0'.repeat(65), 'USD', 'invalid'],
  ] as const) {
    test(`"${text.slice(0, 20)}" in ${currency} is ${expected}`, () => {
      const parsed = parseDecimal(text, exponentOf(currency)!);
      assert.deepEqual(
        parsed,
        typeof expected === 'bigint' ? { kind: 'ok', value: expected } : { kind: expected },
      );
    });
  }

  test('decimal text keeps every amount of every currency through writing and reading', () => {
    const currency = fc.constantFrom(...EXPONENTS.keys());
    fc.assert(
      fc.property(currency, amount, (code, minor) => {
        assert.deepEqual(parseDecimal(formatMoney(minor, code), exponentOf(code)!), {
          kind: 'ok',
          value: minor,
        });
      }),
    );
  });

  test('decimal text is written with exactly the decimals of the currency, a zero before the point and no minus zero', () => {
    assert.deepEqual(
      [
        formatMoney(5n, 'USD'),
        formatMoney(-5n, 'KWD'),
        formatMoney(0n, 'USD'),
        formatMoney(-1234n, 'JPY'),
        formatDecimal(1n, 4),
      ],
      ['0.05', '-0.005', '0.00', '-1234', '0.0001'],
    );
  });
});

describe('rounding', () => {
  for (const [dividend, divisor, ...expected] of [
    [5n, 2n, 2n, 3n, 2n],
    [7n, 2n, 4n, 4n, 3n],
    [-5n, 2n, -2n, -3n, -2n],
    [1n, 3n, 0n, 0n, 0n],
    [2n, 3n, 1n, 1n, 0n],
    [1050n * 450_000n, 1_000_000n, 472n, 473n, 472n],
    [0n, 7n, 0n, 0n, 0n],
  ] as const) {
    test(`${dividend}/${divisor} is ${expected.join(', ')} by ${MODES.join(', ')}`, () => {
      assert.deepEqual(
        MODES.map((mode) => divideRounded(dividend, divisor, mode)),
        expected,
      );
    });
  }

  test('rounding of a negative number is the negative of rounding its opposite', () => {
    fc.assert(
      fc.property(
        amount,
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        fc.constantFrom(...MODES),
        (dividend, divisor, mode) => {
          assert.equal(divideRounded(-dividend, divisor, mode), -divideRounded(dividend, divisor, mode));
        },
      ),
    );
  });

  test('rounding is never further than half a unit off, or less than one unit towards zero by down', () => {
    fc.assert(
      fc.property(
        amount,
        fc.bigInt({ min: 1n, max: 1000n }),
        fc.constantFrom(...MODES),
        (dividend, divisor, mode) => {
          const rest = dividend - divideRounded(dividend, divisor, mode) * divisor;
          const size = rest < 0n ? -rest : rest;
          assert.ok(mode === 'down' ? size < divisor && rest * dividend >= 0n : 2n * size <= divisor);
        },
      ),
    );
  });

  test('rounding of a tie by half_even gives an even number', () => {
    fc.assert(
      fc.property(amount, (half) => assert.equal(divideRounded(2n * half + 1n, 2n, 'half_even') % 2n, 0n)),
    );
  });
});
