// The examples of docs/TEMPLATES.md, rendered as for a postback, and its lists, compared with the
// code's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { render } from '../../delivery/render.ts';
import { FORMATS, MACROS } from '../../domain/delivery/templates/macros.ts';
import { DIALECTS, DIALECT_NAMES, translate } from '../../domain/delivery/dialects/translation.ts';
import { readSource } from '../support/sources.ts';

const sections = new Map(
  readSource('docs/TEMPLATES.md')
    .split(/^## /m)
    .map((text) => [text.split('\n', 1)[0]!, text]),
);

function section(name: string): string {
  const text = sections.get(name);
  assert.ok(text !== undefined, `docs/TEMPLATES.md has no section ${name}`);
  return text;
}

/** The cells of a table's rows, without the heads; `\|` is how a table writes a bar. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => /^\| `|^\| (text|amount|time) /.test(line));
  return lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}

function codesIn(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, code]) => code!);
}

const examples = section('Examples');
const [, json = ''] = /```json\n(.*?)```/s.exec(examples) ?? [];
const postback = { id: 'dlv_1', type: (JSON.parse(json) as { type: string }).type, body: json, try: 1 };

for (const [template, expected] of rowsOf(examples).map((row) => row.map((cell) => codesIn(cell)[0]!))) {
  test(`the template ${template} of TEMPLATES.md gives the documented result`, () => {
    const recipient = {
      url: template!,
      method: 'GET' as const,
      body: 'json' as const,
      headers: {},
      signing: 'none' as const,
      secrets: [],
    };
    assert.equal(render(postback, recipient, 0).url, expected);
  });
}

test('TEMPLATES.md has examples, and names every macro with its kind', () => {
  assert.ok(rowsOf(examples).length >= 9);
  const named = rowsOf(section('Macros')).flatMap(([kind = '', macros = '']) =>
    codesIn(macros).map((macro) => [macro, kind]),
  );
  const kinds = named.filter(([, kind]) => /^(text|amount|time)$/.test(kind!));
  assert.deepEqual(Object.fromEntries(kinds), MACROS);
});

test('TEMPLATES.md names every form with the kind of value that it is for', () => {
  const named = rowsOf(section('Macros')).flatMap(([forms = '', kind = '']) =>
    Array.from(forms.matchAll(/`:(\w+)`/g), ([, form]) => [form!, kind] as const),
  );
  const kinds = Object.entries(FORMATS).map(([form, { on }]) => [form, on.join(', ')]);
  assert.deepEqual(Object.fromEntries(named), Object.fromEntries(kinds));
});

test('TEMPLATES.md names every platform with the click ids that the importer maps', () => {
  const rows = rowsOf(section('URLs of other platforms')).filter(([dialect]) => dialect !== '`auto`');
  assert.deepEqual(new Set(rows.map(([dialect = '']) => codesIn(dialect)[0])), new Set(DIALECT_NAMES));
  for (const [dialectCell = '', looks = '', theirs = '', ours = ''] of rows) {
    const dialect = DIALECT_NAMES.find((name) => name === codesIn(dialectCell)[0])!;
    const imported = (macro: string): string => {
      const result = translate(`https://a.example/?v=${macro}`, dialect);
      return result.kind === 'translated' && result.translation.unmapped.length === 0
        ? result.translation.url.slice(21)
        : 'nothing';
    };
    for (const macro of codesIn(looks))
      assert.notEqual(imported(macro), 'nothing', `${DIALECTS[dialect].name} ${macro}`);
    for (const macro of codesIn(theirs)) assert.match(imported(macro), /^\{_?sub[12]\}$/, macro);
    for (const macro of codesIn(ours)) assert.equal(imported(macro), '{click_id}', macro);
  }
});
