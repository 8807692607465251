// Writing CSV: every cell reads back as it was written, no cell runs in a spreadsheet, and rows of
// lists have the columns of their schema.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { z } from 'zod';
import { columnsOf, csvOf, headerOf, rowsOf } from '../../../api/http/csv.ts';

describe('cells of CSV', () => {
  for (const text of [
    '=1+1',
    '+1',
    '-1+1',
    '-x',
    '@SUM(A1)',
    '\t=1',
    '\rx',
    '  =1',
    '＝1',
    '＠x',
    '=cmd|" /C calc"!A0',
  ])
    test(`the cell ${JSON.stringify(text)}, which a spreadsheet would run, is written as text`, () =>
      assert.deepEqual(parse(csvOf([[text]]), { bom: false }), [[`'${text}`]]));
  for (const text of ['t-1', 'a=b', '1-2', 'a@example.org', '50 % × 100.00', '-2.50', '-7'])
    test(`the cell ${JSON.stringify(text)} is written unchanged`, () =>
      assert.equal(csvOf([[text]]), `${text}\r\n`));
});

for (const separator of [';', '\t'])
  test(`a cell with ${JSON.stringify(separator)} is one cell where that separates cells`, () => {
    const text = `t-1${separator}=1+1`;
    assert.deepEqual(parse(csvOf([[text]]), { delimiter: separator }), [[text]]);
  });

test('cells of other types are written as JSON has them, and nothing as an empty cell', () => {
  const cells = [true, 5, null, undefined, new Date(0), ['a', 1], { a: 1 }];
  assert.deepEqual(parse(csvOf([cells])), [
    ['true', '5', '', '', '1970-01-01T00:00:00.000Z', '["a",1]', '{"a":1}'],
  ]);
});

test('every row of CSV cells reads back as it was written', () => {
  const cell = fc
    .string({ unit: 'grapheme' })
    .filter((text) => !text.startsWith('\ufeff') && !/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 2, maxLength: 5 }), (cells) => {
      assert.deepEqual(parse(csvOf([cells])), [cells]);
    }),
  );
});

test('columns of a list are the fields of its rows, those of objects in them by a dot', () => {
  const row = z.object({
    id: z.string(),
    issue: z.object({ path: z.string().nullable(), code: z.string() }).nullable(),
    events: z.array(z.string()),
    params: z.record(z.string(), z.string()).optional(),
  });
  const columns = columnsOf(row);
  const views = [
    { id: 'a', issue: { path: null, code: 'x' }, events: ['*'], params: { p: '1' } },
    { id: 'b', issue: null, events: [] },
  ];
  assert.deepEqual(parse(headerOf(columns) + rowsOf(columns, views)), [
    ['id', 'issue.path', 'issue.code', 'events', 'params'],
    ['a', '', 'x', '["*"]', '{"p":"1"}'],
    ['b', '', '', '[]', ''],
  ]);
});

test('sums of a row, each in its currency, are columns, and a line for each that repeats no number', () => {
  const sum = z.object({ currency: z.string(), amount: z.string() });
  const row = z.object({ day: z.string(), clicks: z.number(), of: z.object({ money: z.array(sum) }) });
  const columns = columnsOf(row);
  const [usd, eur] = [
    { currency: 'USD', amount: '2.00' },
    { currency: 'EUR', amount: '-1.00' },
  ];
  const views = [
    { day: '2026-11-02', clicks: 7, of: { money: [usd, eur] } },
    { day: '2026-11-01', clicks: 5, of: { money: [] } },
  ];
  assert.deepEqual(parse(headerOf(columns) + rowsOf(columns, views)), [
    ['day', 'clicks', 'of.money.currency', 'of.money.amount'],
    ['2026-11-02', '7', 'USD', '2.00'],
    ['2026-11-02', '', 'EUR', '-1.00'],
    ['2026-11-01', '5', '', ''],
  ]);
});
