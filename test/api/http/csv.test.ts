// Writing CSV: every cell reads back as it was written, and no cell runs in a spreadsheet.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRow, plainCell, textCell } from '../../../api/http/csv.ts';

describe('cells with free text', () => {
  for (const text of [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\rx',
    '  =1',
    '＝1',
    '＠x',
    '=cmd|" /C calc"!A0',
  ])
    test(`the cell ${JSON.stringify(text)}, which a spreadsheet would run, is written as text`, () =>
      assert.deepEqual(parse(csvRow([textCell(text)]), { bom: false }), [[`'${text}`]]));
  for (const text of ['t-1', 'a=b', '1-2', 'a@example.org', '50 % × 100.00', ''])
    test(`the cell ${JSON.stringify(text)} is written unchanged`, () => assert.equal(textCell(text), text));
});

for (const separator of [';', '\t'])
  test(`a cell with ${JSON.stringify(separator)} is one cell where that separates cells`, () => {
    const text = `t-1${separator}=1+1`;
    assert.deepEqual(parse(textCell(text), { delimiter: separator }), [[text]]);
  });

test('a negative amount in a CSV cell keeps its minus', () => {
  assert.equal(plainCell('-2.50'), '-2.50');
});

test('every row of CSV cells reads back as it was written', () => {
  const cell = fc.string({ unit: 'grapheme' }).filter((text) => !text.startsWith('\ufeff'));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 2, maxLength: 5 }), (cells) => {
      assert.deepEqual(parse(csvRow(cells.map(plainCell))), [cells]);
    }),
  );
});
