// CSV as it is written: whatever a cell holds comes out of a reader as it went in, and nothing in it runs in a spreadsheet.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRow, plainCell, textCell } from '../../../api/http/csv.ts';

describe('free text that a spreadsheet would run is written as text:', () => {
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
    test(JSON.stringify(text), () =>
      assert.deepEqual(parse(csvRow([textCell(text)]), { bom: false }), [[`'${text}`]]),
    );
  for (const text of ['t-1', 'a=b', '1-2', 'a@example.org', '50 % × 100.00', ''])
    test(`but ${JSON.stringify(text)} as it is`, () => assert.equal(textCell(text), text));
});

test('an amount keeps its minus', () => {
  assert.equal(plainCell('-2.50'), '-2.50');
});

test('every row of cells is read back as it was', () => {
  const cell = fc.string({ unit: 'grapheme' }).filter((text) => !text.startsWith('\ufeff'));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 2, maxLength: 5 }), (cells) => {
      assert.deepEqual(parse(csvRow(cells.map(plainCell))), [cells]);
    }),
  );
});
