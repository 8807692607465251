// Macros: the forms of a value, defaults and maps, and a macro for every field of a postback.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MACROS, parseMacro, valueOf } from '../../../../domain/delivery/templates/macros.ts';
import { formatMoney } from '../../../../domain/ledger/money.ts';
import { bodyOf, conversionMessage } from '../../../../domain/delivery/bodies.ts';
import { anEvent } from '../../../support/builders.ts';

const VALUES = {
  payout: '200.00',
  payout_delta: '-0.50',
  amount: '1500',
  payout_currency: 'USD',
  status: 'pending',
  sub1: 'Spring',
  sub2: '',
  timestamp: '2026-11-22T09:59:58.250Z',
  occurred_at: 'yesterday',
};

function written(text: string): string {
  const parsed = parseMacro(text);
  assert.ok(parsed.kind === 'macro', text);
  return valueOf(parsed.macro, VALUES);
}

const GOOD: [string, string][] = [
  ['payout', '200.00'],
  ['payout:minor', '20000'],
  ['payout:integer', '200'],
  ['payout_delta', '-0.50'],
  ['payout_delta:minor', '-50'],
  ['payout_delta:abs', '0.50'],
  ['payout_delta:abs:minor', '50'],
  ['payout_delta:minor:abs', '50'],
  ['payout_delta:integer', '0'],
  ['amount:minor', '1500'],
  ['payout_currency:lower', 'usd'],
  ['sub1:upper', 'SPRING'],
  ['timestamp:unix', '1795341598'],
  ['timestamp:date', '2026-11-22'],
  ['timestamp:time', '09:59:58'],
  ['timestamp:datetime', '2026-11-22 09:59:58'],
  ['occurred_at:unix|0', '0'],
  ['status:map(pending=1,reversed=2)', '1'],
  ['status:map(approved=1)', ''],
  ['status:map(approved=1)|0', '0'],
  ['status:map(pending=on%20hold):upper', 'ON HOLD'],
  ['sub1|none', 'Spring'],
  ['sub2|none', 'none'],
  ['sub3|n%2Fa', 'n/a'],
  ['sub3', ''],
  ['_sub1', 'Spring'],
];
for (const [text, expected] of GOOD)
  test(`the macro {${text}} is written ${JSON.stringify(expected)}`, () =>
    assert.equal(written(text), expected));

const BAD: [string, string, RegExp][] = [
  ['clickid', 'unknown_macro', /no macro \{clickid\}/],
  ['__sub1', 'unknown_macro', /no macro \{__sub1\}/],
  ['toString', 'unknown_macro', /no macro/],
  ['', 'unknown_macro', /no macro \{\}/],
  [' click_id', 'unknown_macro', /no macro/],
  ['payout:cents', 'invalid_macro', /no form ":cents"/],
  ['payout:constructor', 'invalid_macro', /no form ":constructor"/],
  ['payout:', 'invalid_macro', /no form ":"/],
  ['sub1:minor', 'invalid_macro', /":minor" is not for \{sub1\}/],
  ['payout:upper', 'invalid_macro', /":upper" is not for \{payout\}/],
  ['timestamp:unix:date', 'invalid_macro', /":date" is not for \{timestamp:unix\}/],
  ['status:map()', 'invalid_macro', /no form/],
  ['status:map(a)', 'invalid_macro', /no form/],
  ['status:map(=x)', 'invalid_macro', /no form/],
  ['status:map(a=1,a=2)', 'invalid_macro', /no form/],
  ['status:map(a=1=2)', 'invalid_macro', /no form/],
  ['status:map(a=b c)', 'invalid_macro', /no form/],
  ['status:map(a=%ff)', 'invalid_macro', /no form/],
  ['sub1|a|b', 'invalid_macro', /default/],
  ['sub1|a b', 'invalid_macro', /default/],
  ['sub1|%zz', 'invalid_macro', /default/],
];
for (const [text, code, message] of BAD) {
  test(`the macro {${text}} is refused`, () => {
    const parsed = parseMacro(text);
    assert.ok(parsed.kind === 'problem');
    assert.equal(parsed.code, code);
    assert.match(parsed.message, message);
  });
}

test('the minor units of a macro are those of the currency', () => {
  const currency = fc.constantFrom('USD', 'JPY', 'BHD', 'CLF');
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), currency, (minor, code) => {
      const parsed = parseMacro('amount:minor');
      assert.equal(
        parsed.kind === 'macro' && valueOf(parsed.macro, { amount: formatMoney(minor, code) }),
        String(minor),
      );
    }),
  );
});

test('every field of a postback is a macro', () => {
  const message = {
    type: 'conversion.reversed' as const,
    affiliateId: 'aff_1',
    event: anEvent({ id: 'evt_2' }),
    reason: null,
    conversion: anEvent({ id: 'evt_1' }),
    clickId: 'clk_1',
    via: 'aff_sub',
    subs: ['1', '2', '3', '4', '5'] as const,
    reportedMinor: 0n,
    deltaMinor: -1n,
    currency: 'USD',
  };
  const { data } = JSON.parse(
    bodyOf(conversionMessage(message), { shareCustomerId: true, apiVersion: '2026-12-01' }, new Date(0)),
  ) as {
    data: object;
  };
  const fields = Object.keys(data);
  assert.ok(fields.includes('sub5') && fields.includes('reason') && fields.includes('customer_id'));
  assert.deepEqual(
    fields.filter((field) => !Object.hasOwn(MACROS, field)),
    [],
  );
});
