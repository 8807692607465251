// Documents against the code: anchors, tables of the database, and causes of changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHANGE_REASONS } from '../../domain/delivery/messages.ts';
import { filesBelow, readSource } from '../support/sources.ts';

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

test('the contents of DECISIONS.md name every decision by its title, in order', () => {
  const text = readSource('docs/DECISIONS.md');
  const listed = Array.from(text.matchAll(/^- \[(\d+)\]\(#d\1\) (.+)$/gm), ([, number, title]) => [
    number,
    title,
  ]);
  const made = Array.from(text.matchAll(/^<a id="d(\d+)"><\/a>\n\n### \1\. (.+)$/gm), ([, number, title]) => [
    number,
    title,
  ]);
  const byNumber = (a: (string | undefined)[], b: (string | undefined)[]): number =>
    Number(a[0]) - Number(b[0]);
  assert.deepEqual(listed.toSorted(byNumber), made.toSorted(byNumber));
});

test('ARCHITECTURE.md names every table of the migrations, in the row of its file', () => {
  const section = sectionOf('docs/ARCHITECTURE.md', 'Tables');
  for (const file of filesBelow('store/migrations', '.sql')) {
    const row = section.split('\n').find((line) => line.startsWith(`| \`${file}\``)) ?? '';
    const made = readSource(file).matchAll(/^create table (\w+)(?! partition| \w)\b/gm);
    const missing = Array.from(made, ([, name]) => name!).filter((name) => !row.includes(`\`${name}\``));
    assert.deepEqual(missing, [], file);
  }
});

test('ARCHITECTURE.md says what affiliates hear for every cause of a change', () => {
  const section = sectionOf('docs/ARCHITECTURE.md', 'Changes of the past');
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
