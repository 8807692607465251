// URL templates: what is refused when saved, and that no value can change more than the place it fills.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MACROS, fill, parseTemplate } from '../../domain/macros.ts';

function filled(url: string, values: Record<string, string | undefined>): string {
  const parsed = parseTemplate(url);
  assert.equal(parsed.kind, 'template', url);
  return parsed.kind === 'template' ? fill(parsed.template, values) : '';
}

function problems(url: string): string[] {
  const parsed = parseTemplate(url);
  return parsed.kind === 'problems' ? parsed.problems.map(({ code, name }) => `${code} ${name}`.trim()) : [];
}

const GOOD: [string, string][] = [
  ['https://a.example', 'https://a.example'],
  ['https://a.example/p?c={click_id}&p={payout}', 'https://a.example/p?c=c%201&p=200.00'],
  ['https://a.example/{click_id}/x', 'https://a.example/c%201/x'],
  ['https://a.example/pre-{click_id}.php?q', 'https://a.example/pre-c%201.php?q'],
  ['https://a.example/?c={click_id}{payout}', 'https://a.example/?c=c%201200.00'],
  ['https://a.example/?c=x={click_id}', 'https://a.example/?c=x=c%201'],
  ['https://a.example/?c={sub1}&d=1', 'https://a.example/?c=&d=1'],
  ['https://a.example/?c={click_id}#part', 'https://a.example/?c=c%201'],
];
for (const [template, expected] of GOOD) {
  test(`fills ${template}`, () => assert.equal(filled(template, { click_id: 'c 1', payout: '200.00' }), expected));
}

const BAD: [string, string[]][] = [
  ['https://a.example/?c={clickid}&d={nope}', ['unknown_macro clickid', 'unknown_macro nope']],
  ['https://a.example/?c={}', ['unknown_macro']],
  ['https://a.example/?c={constructor}', ['unknown_macro constructor']],
  ['https://a.example/?c={ click_id}', ['invalid_url']],
  ['https://{click_id}.example/', ['misplaced_macro click_id']],
  ['https://a.example:{click_id}/', ['misplaced_macro click_id']],
  ['https://a.example/?{click_id}=1', ['misplaced_macro click_id']],
  ['https://a.example/?{click_id}', ['misplaced_macro click_id']],
  ['https://a.example/?a=1&{click_id}', ['misplaced_macro click_id']],
  ['https://a.example/#{click_id}', ['misplaced_macro click_id']],
  ['{click_id}://a.example', ['invalid_url']],
  ['{click_id}', ['invalid_url']],
  ['/path', ['invalid_url']],
  ['https:///x', ['invalid_url']],
  ['https://a.exam\nple/', ['invalid_url']],
  ['https://a.example/?c={click_id', ['invalid_url']],
  ['https://a.example/?c=click_id}', ['invalid_url']],
  ['https://a.example/?c={{click_id}}', ['invalid_url']],
];
for (const [template, expected] of BAD) {
  test(`refuses ${JSON.stringify(template)}`, () => assert.deepEqual(problems(template), expected));
}

test('every macro can be used', () => {
  for (const name of MACROS)
    assert.equal(filled(`https://a.example/?v={${name}}`, { [name]: name }), `https://a.example/?v=${name}`);
});

const HOSTILE = [
  '.',
  '..',
  '%2e',
  '%2E%2e',
  '/',
  '\\',
  '../../etc',
  '%2f',
  '?',
  '#',
  '&x=1',
  '=',
  ';',
  '@evil.example',
  ':80',
  '//evil.example',
];
const MORE = [
  '\r\nx: y',
  '\0',
  '\t',
  ' ',
  '+',
  '%',
  '%00',
  '{payout}',
  "'",
  '"',
  '<script>',
  'ž',
  '🐎',
  '\ud83d',
  '\udc0e\ud83d',
  '․',
  '。',
  '／',
  '＃',
];
const value = fc.oneof(
  fc.constantFrom(...HOSTILE, ...MORE),
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.array(fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'f', '&', '#', '?', '=')).map((characters) => characters.join('')),
);
const SHAPES = [
  '/{sub1}',
  '/a/{sub1}/b',
  '/{sub1}/{sub2}',
  '/{sub1}{sub2}',
  '/.{sub1}',
  '/%2e{sub1}/x',
  '/%{sub1}',
  '\\{sub1}\\b',
  '/a-{sub1}.php',
];

test('no value changes the host, the number of path segments, or the parameters', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SHAPES), value, value, value, (path, sub1, sub2, clickId) => {
      const template = `https://user-host.example:8443${path}?first=1&c={click_id}&last={sub2}`;
      const [calm, wild] = [
        new URL(filled(template, { sub1: 'x', sub2: 'y', click_id: 'z' })),
        new URL(filled(template, { sub1, sub2, click_id: clickId })),
      ];
      assert.equal(wild.origin, calm.origin);
      assert.equal(`${wild.username}${wild.password}${wild.hash}`, '');
      assert.equal(wild.pathname.split('/').length, calm.pathname.split('/').length);
      const wellFormed = (text: string): string => text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
      const parameters = [...wild.searchParams];
      assert.deepEqual(parameters, [
        ['first', '1'],
        ['c', wellFormed(clickId)],
        ['last', wellFormed(sub2)],
      ]);
    }),
    { numRuns: 2000 },
  );
});

test('a value that a URL would resolve away keeps its segment', () => {
  const dots: [string, string][] = [
    ['.', '/a/%252E/b'],
    ['..', '/a/%252E%252E/b'],
    ['...', '/a/.../b'],
  ];
  for (const [sub1, path] of dots) assert.equal(new URL(filled('https://a.example/a/{sub1}/b', { sub1 })).pathname, path);
});

test('a filled path segment reads back as the value it was filled with', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (sub1) => {
      fc.pre(!/^\.{1,2}$/.test(sub1));
      assert.equal(decodeURIComponent(new URL(filled('https://a.example/{sub1}', { sub1 })).pathname.slice(1)), sub1);
    }),
  );
});
