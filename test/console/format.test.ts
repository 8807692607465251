// Tests of how the console writes amounts, times, ids and reasons.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placeIn, PLACES } from '../../console/format/places.ts';
import { readSource } from '../support/sources.ts';
import { shortId } from '../../console/format/ids.ts';
import { dayIn, daysOf, spansUntil } from '../../console/format/days.ts';
import { counted, formatAmount, isNegative, isZero, sumOf, withAmounts } from '../../console/format/money.ts';
import { duration, exactTime, relativeTime } from '../../console/format/time.ts';
import { reasonText } from '../../console/format/words.ts';
import { changeText } from '../../console/pages/audit-log/changes.ts';
import { compare, inForce, summaryOf, termsIn, type Deal } from '../../console/pages/deals/terms.ts';

test('the console shows an amount with every digit that the API sent', () => {
  const amounts = fc.tuple(
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    fc.stringMatching(/^\d{0,8}$/),
  );
  fc.assert(
    fc.property(amounts, ([whole, decimals]) => {
      const amount = decimals === '' ? `${whole}` : `${whole}.${decimals}`;
      const shown = formatAmount(amount);
      assert.equal(shown.replaceAll(',', '').replace('−', '-'), amount);
      assert.match(shown, /^−?\d{1,3}(,\d{3})*(\.\d+)?$/);
    }),
  );
});

test('the console groups thousands, and knows what is negative or nothing', () => {
  assert.equal(formatAmount('-1234567.50'), '−1,234,567.50');
  assert.equal(formatAmount('0.00000001'), '0.00000001');
  assert.deepEqual(['-0.00', '-0.01', '1.00'].map(isNegative), [false, true, false]);
  assert.deepEqual(['0.00', '0', '0.01'].map(isZero), [true, true, false]);
  assert.equal(counted(1, 'postback'), '1 postback');
  assert.equal(counted(10_000, 'postback'), '10,000 postbacks');
});

test('the console writes numbers in formulas and their inputs as it writes amounts, and no id or date', () => {
  const cases = [
    ['1234567.50', '1,234,567.50'],
    ['-1234.5 of 12000, less 1000.', '−1,234.5 of 12,000, less 1,000.'],
    ['25 % of 10000.00 USD (at most 2000)', '25 % of 10,000.00 USD (at most 2,000)'],
    ['2026-11', '2026-11'],
    ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00Z'],
    ['fx_01jdc5000000000000000000ab', 'fx_01jdc5000000000000000000ab'],
    ['1.08712345', '1.08712345'],
    ['t-12345 a12345 12345.6.7', 't-12345 a12345 12345.6.7'],
  ] as const;
  for (const [text, shown] of cases) assert.equal(withAmounts(text), shown);
});

test('the console adds amounts up to the last digit', () => {
  assert.equal(sumOf(['0.10', '0.20', '-1.00', '90071992547409.93']), '90071992547409.23');
  assert.equal(sumOf(['1', '-2.5']), '-1.5');
  assert.equal(sumOf([]), '0');
});

test('the console knows today in a time zone, and the days of the spans that people ask for', () => {
  const now = Date.parse('2026-03-01T03:00:00Z');
  assert.deepEqual(
    ['UTC', 'America/New_York', 'Pacific/Auckland'].map((zone) => dayIn(zone, now)),
    ['2026-03-01', '2026-02-28', '2026-03-01'],
  );
  const spans = spansUntil('2026-03-01');
  const days = (name: string) => daysOf(spans[name]!);
  assert.deepEqual(days('Yesterday'), ['2026-02-28']);
  assert.deepEqual(days('This month'), ['2026-03-01']);
  assert.deepEqual([days('Last month')[0], days('Last month').at(-1)], ['2026-02-01', '2026-02-28']);
  assert.deepEqual(
    ['Last 7 days', 'Last 90 days'].map((name) => days(name).length),
    [7, 90],
  );
  assert.deepEqual(daysOf({ from: '2026-03-02', to: '2026-03-01' }), []);
});

test('the console tells times relative to now, and exact in UTC', () => {
  const now = Date.parse('2026-11-30T12:00:00.000Z');
  const told = [-400, -12_000, -59_000, 300_000, -7_200_000, -3 * 86_400_000, -90 * 86_400_000].map((ms) =>
    relativeTime(new Date(now + ms).toISOString(), now),
  );
  assert.deepEqual(told, ['now', '12 s ago', '59 s ago', 'in 5 min', '2 h ago', '3 d ago', '2026-09-01']);
  assert.equal(exactTime('2026-11-30T02:20:18.664Z'), '2026-11-30 02:20:18.664 UTC');
  assert.deepEqual([6.4, 1253, 15_000, 240_000].map(duration), ['6 ms', '1.25 s', '15 s', '4 min']);
});

test('the console shortens ids of Postrider, and leaves short ids of others alone', () => {
  assert.equal(shortId('dlv_01m8n41kac0000pftn8rt0y9ms'), 'dlv_…t0y9ms');
  assert.equal(shortId('anna-1'), 'anna-1');
});

test('the console finds the page of an id, also in the name or address of a workflow', () => {
  const id = 'dlv_01m8n41kac0000pftn8rt0y9ms';
  for (const text of [id, `delivery/${id}`, `http://ui.example/workflows/delivery%2F${id}`])
    assert.equal(placeIn(text), `/deliveries/${id}`);
  const operator = 'opr_01m8n41kac0000pftn8rt0y9ms';
  assert.equal(
    placeIn(`http://ui.example/workflows/set-aside%2F${operator}%2Fno_exchange_rate`),
    '/set-aside',
  );
  assert.equal(placeIn(`rematch-orphans/${operator}`), '/orphans');
  assert.equal(placeIn(`period/${operator}/2026-11`), '/months/2026-11');
  assert.equal(placeIn('conversions/bat_01m8n41kac0000pftn8rt0y9ms'), null);
  assert.equal(placeIn('t-1'), null);
});

test('every kind of id of the console leads to a page that is there', () => {
  const pages = readSource('console/frame/pages.ts');
  const missing = Object.values(PLACES).filter((place) => !pages.includes(`path: '${place}/:id'`));
  assert.deepEqual(missing, []);
});

test('the console says reasons in words', () => {
  assert.deepEqual(['http_503', 'timeout', 'endpoint_paused', 'no_exchange_rate'].map(reasonText), [
    'HTTP 503',
    'timed out',
    'endpoint paused',
    'no exchange rate',
  ]);
});

test('the console says in words what a request of the audit log did', () => {
  const said = [
    ['POST', '/v1/affiliates'],
    ['PATCH', '/v1/fx-rates/:id'],
    ['POST', '/v1/endpoints/:id/rotate-secret'],
    ['PUT', '/v1/affiliates/:id/payment-details'],
    ['POST', '/v1/customers/:customer_id/reassign'],
  ].map(([method, route]) => changeText(method!, route!));
  assert.deepEqual(said, [
    'affiliates: add',
    'fx rates: change',
    'endpoints: rotate secret',
    'affiliates: set payment details',
    'customers: reassign',
  ]);
});

const component = { kind: 'percent', on: ['sale'], percent: '10' };
const version = (number: number, from: string, terms: object) =>
  ({ version: number, effective_from: from, applies_to: 'events', terms }) as Deal['versions'][number];
const DEAL = {
  ended_at: '2026-12-01T00:00:00.000Z',
  versions: [
    version(1, '1970-01-01T00:00:00.000Z', { components: [component], hold_days: 30 }),
    version(2, '2026-11-01T00:00:00.000Z', {
      components: [{ ...component, percent: '20' }],
      rounding: 'down',
    }),
  ],
} as Deal;

test('the console marks what differs between the versions of a deal, and what is gone', () => {
  const rows = compare(DEAL.versions).map(({ path, cells }) => [
    path,
    ...cells.map(({ value, isChanged }) => `${value}${isChanged ? ' changed' : ''}`),
  ]);
  assert.deepEqual(rows, [
    ['applies_to', 'events', 'events'],
    ['components[1].kind', 'percent', 'percent'],
    ['components[1].on', 'sale', 'sale'],
    ['components[1].percent', '10', '20 changed'],
    ['hold_days', '30', 'null changed'],
    ['rounding', 'null', 'down changed'],
  ]);
  assert.equal(summaryOf(DEAL.versions[1]!.terms), 'percent sale 20 %');
});

test('the console knows which version of a deal is in force, and that none is after its end', () => {
  const at = (time: string) => inForce(DEAL, Date.parse(time))?.version ?? null;
  assert.deepEqual(['2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'].map(at), [
    1,
    2,
    null,
  ]);
});

test('the console tells text that is no terms from terms', () => {
  assert.deepEqual(termsIn('{"components": []}'), { terms: { components: [] } });
  for (const text of ['', '[]', '{"a"', 'null']) assert.ok('problem' in termsIn(text), text);
});
