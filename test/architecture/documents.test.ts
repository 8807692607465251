// Documents against the code: anchors, tables of the database and their writers, causes of changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHANGE_REASONS } from '../../domain/delivery/messages.ts';
import { codeOf, filesBelow, readSource, writes } from '../support/sources.ts';

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')];

test('every anchor that the documents link to exists once', () => {
  for (const file of DOCUMENTS) {
    for (const [, path, anchor] of readSource(file).matchAll(/\]\(([\w./-]*)#([\w-]+)\)/g)) {
      const target = path === '' ? file : pathFrom(file, path!);
      const count = anchorsOf(target).filter((one) => one === anchor).length;
      assert.equal(count, 1, `${file}: ${path}#${anchor}`);
    }
  }
});

test('the contents of DECISIONS.md lead to every decision once, in the line of its area', () => {
  const [, contents, ...areas] = readSource('docs/DECISIONS.md').split(/^## /m);
  const numbersIn = (text: string, form: RegExp): string[] =>
    Array.from(text.matchAll(form), ([, number]) => number!).sort();
  for (const area of areas) {
    const title = area.slice(0, area.indexOf('\n'));
    const line = contents!.split(/^- /m).find((one) => one.startsWith(`**[${title}](#`)) ?? '';
    assert.deepEqual(numbersIn(line, /\[(\d+)\]\(#d\1\)/g), numbersIn(area, /^<a id="d(\d+)">/gm), title);
  }
});

test('every decision begins with its number and title, and has twelve lines at most', () => {
  const paragraphs = readSource('docs/DECISIONS.md').split('\n\n');
  for (const paragraph of paragraphs.filter((one) => one.startsWith('<a id="d'))) {
    const number = /^<a id="d(\d+)">/.exec(paragraph)![1];
    assert.ok(paragraph.includes(`</a>**${number}. `), `decision ${number}: number and title in bold`);
    assert.ok(paragraph.split('\n').length <= 12, `decision ${number}: twelve lines at most`);
  }
});

test('ARCHITECTURE.md names every table of the migrations, in the rows of its file', () => {
  for (const file of filesBelow('store/migrations', '.sql')) {
    const rows = tableRowsOf(file).join('\n');
    const made = readSource(file).matchAll(/^create table (\w+)(?! partition| \w)\b/gm);
    const missing = Array.from(made, ([, name]) => name!).filter((name) => !rows.includes(`\`${name}\``));
    assert.deepEqual(missing, [], file);
  }
});

test('ARCHITECTURE.md names who writes each table: every place it names does, and no other file of the store', () => {
  const sources = filesBelow('store').map((file) => ({ file, code: codeOf(file) }));
  for (const row of tableRowsOf('store/migrations/')) {
    const [, , tables = '', places = ''] = row.split('|');
    const named = wordsOf(places);
    const writing = sources
      .filter(({ code }) => wordsOf(tables).some((table) => writes(table).test(code)))
      .map(({ file }) => file);
    const others = writing.filter((file) => !named.some((place) => file.startsWith(place)));
    const idle = named.filter((place) => !writing.some((file) => file.startsWith(place)));
    assert.deepEqual({ others, idle }, { others: [], idle: [] }, row);
  }
});

test('LOOKUP.md says what affiliates hear for every cause of a change', () => {
  const section = sectionOf('docs/LOOKUP.md', 'What affiliates hear');
  const rows = section.split('\n').filter((line) => line.startsWith('|') && line.includes('`conversion.'));
  const named = rows.flatMap((row) =>
    Array.from(
      row
        .split('|')
        .at(-2)!
        .matchAll(/`(\w+)`/g),
      ([, name]) => name!,
    ),
  );
  assert.deepEqual([...new Set(named)].sort(), Object.keys(CHANGE_REASONS).sort());
});

/** Rows of the table of tables whose file begins with `start`. */
function tableRowsOf(start: string): string[] {
  const lines = sectionOf('docs/ARCHITECTURE.md', 'Tables').split('\n');
  return lines.filter((line) => line.startsWith(`| \`${start}`));
}

/** What stands in backticks. */
function wordsOf(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, word]) => word!);
}

/** Anchors of a document: of its headings, as GitHub makes them, and those set by hand. */
function anchorsOf(file: string): string[] {
  const text = readSource(file).replaceAll(/^```[^]*?^```/gm, '');
  const headings = Array.from(text.matchAll(/^#+ (.+)$/gm), ([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  const set = Array.from(text.matchAll(/<a id="([\w-]+)">/g), ([, id]) => id!);
  return [...headings, ...set];
}

function pathFrom(file: string, path: string): string {
  if (!file.startsWith('docs/')) return path;
  return path.startsWith('../') ? path.slice(3) : `docs/${path}`;
}

function sectionOf(file: string, title: string): string {
  return (
    readSource(file)
      .split(/^## /m)
      .find((part) => part.startsWith(`${title}\n`)) ?? ''
  );
}
