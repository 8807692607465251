// Templates: refusals when saved, and values that can never change more than the place they fill.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MACROS, parseMacro } from '../../../../domain/delivery/templates/macros.ts';
import {
  fillFormValue,
  fillHeader,
  fillUrl,
  formEncoded,
  misplacedMacros,
  parseText,
  parseUrl,
} from '../../../../domain/delivery/templates/template.ts';

function filled(url: string, values: Record<string, string | undefined>): string {
  const parsed = parseUrl(url);
  assert.equal(parsed.kind, 'template', url);
  return parsed.kind === 'template' ? fillUrl(parsed.template, values) : '';
}

function problems(url: string): string[] {
  const parsed = parseUrl(url);
  return parsed.kind === 'problems'
    ? parsed.problems.map(({ code, macro }) => `${code} ${macro}`.trim())
    : [];
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
  ['https://a.example/?c={sub1|none}&d={payout|0}', 'https://a.example/?c=none&d=200.00'],
  ['https://a.example/?c={sub1|a%26b%3D%2e}', 'https://a.example/?c=a%26b%3D.'],
  ['https://a.example/{sub1|%2e%2e}/x', 'https://a.example/%252E%252E/x'],
  ['https://a.example/{payout:minor}/?c={payout:map(200.00=x)}', 'https://a.example/20000/?c=x'],
];
for (const [template, expected] of GOOD) {
  test(`a template fills ${template}`, () =>
    assert.equal(filled(template, { click_id: 'c 1', payout: '200.00' }), expected));
}

const BAD: [string, string[]][] = [
  ['https://a.example/?c={clickid}&d={nope}', ['unknown_macro {clickid}', 'unknown_macro {nope}']],
  ['https://a.example/?c={}', ['unknown_macro {}']],
  ['https://a.example/?c={constructor}', ['unknown_macro {constructor}']],
  ['https://a.example/?c={ click_id}', ['invalid_url']],
  ['https://{click_id}.example/', ['misplaced_macro {click_id}']],
  ['https://a.example:{click_id}/', ['misplaced_macro {click_id}']],
  ['https://a.example/?{click_id}=1', ['misplaced_macro {click_id}']],
  ['https://a.example/?{click_id}', ['misplaced_macro {click_id}']],
  ['https://a.example/?a=1&{click_id}', ['misplaced_macro {click_id}']],
  ['https://a.example/#{click_id}', ['misplaced_macro {click_id}']],
  ['{click_id}://a.example', ['invalid_url']],
  ['{click_id}', ['invalid_url']],
  ['/path', ['invalid_url']],
  ['https:///x', ['invalid_url']],
  ['https://a.exam\nple/', ['invalid_url']],
  ['https://a.example/?c={click_id', ['invalid_macro']],
  ['https://a.example/?c=click_id}', ['invalid_macro']],
  ['https://a.example/?c={{click_id}}', ['invalid_macro']],
  ['https://u:{sub1}@a.example/', ['misplaced_macro {sub1}']],
  ['https://a.example/?{status:map(a=1)}', ['misplaced_macro {status:map(a=1)}']],
  ['https://a.example/?x=1&{sub1|a=b}=1', ['invalid_macro {sub1|a=b}', 'misplaced_macro {sub1|a=b}']],
  ['https://a.example/{sub1|a/b}?c={sub2|x&y=1}', ['invalid_macro {sub1|a/b}', 'invalid_macro {sub2|x&y=1}']],
  ['https://a.example/?c={clickid:upper|none}', ['unknown_macro {clickid:upper|none}']],
];
for (const [template, expected] of BAD) {
  test(`a template refuses ${JSON.stringify(template)}`, () =>
    assert.deepEqual(problems(template), expected));
}

test('every macro can be used in a template', () => {
  for (const name of Object.keys(MACROS))
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
  fc
    .array(fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'f', '&', '#', '?', '='))
    .map((characters) => characters.join('')),
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
  '/{_sub1}/{_sub2}',
  '/x{_sub1}{sub2}',
];

/** Half a surrogate pair cannot be sent; the replacement character stands for it. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

test('a value in a template never changes the host, the number of path segments, or the parameters', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SHAPES), value, value, value, (path, sub1, sub2, clickId) => {
      const template = `https://user-host.example:8443${path}?first=1&c={click_id}&raw={_sub1}&last={sub2}`;
      const [calm, wild] = [
        new URL(filled(template, { sub1: 'x', sub2: 'y', click_id: 'z' })),
        new URL(filled(template, { sub1, sub2, click_id: clickId })),
      ];
      assert.equal(wild.origin, calm.origin);
      assert.equal(`${wild.username}${wild.password}${wild.hash}`, '');
      assert.equal(wild.pathname.split('/').length, calm.pathname.split('/').length);
      const parameters = [...wild.searchParams];
      assert.deepEqual(parameters, [
        ['first', '1'],
        ['c', wellFormed(clickId)],
        ['raw', wellFormed(sub1)],
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
  for (const [sub1, path] of dots)
    assert.equal(new URL(filled('https://a.example/a/{sub1}/b', { sub1 })).pathname, path);
});

test('a filled path segment reads back as the value it was filled with', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (sub1) => {
      fc.pre(!/^\.{1,2}$/.test(sub1));
      assert.equal(
        decodeURIComponent(new URL(filled('https://a.example/{sub1}', { sub1 })).pathname.slice(1)),
        sub1,
      );
    }),
  );
});

test('a raw macro leaves values without separators, and encodes the whole value otherwise', () => {
  const cases: [string, string, string][] = [
    ['/x?v={_sub1}', 'a/b,c:d@e', '/x?v=a/b,c:d@e'],
    ['/x?v={_sub1}', 'a/b&c', '/x?v=a%2Fb%26c'],
    ['/x?v={_sub1}', '100%', '/x?v=100%25'],
    ['/x?v={_sub1}', 'a+b', '/x?v=a%2Bb'],
    ['/{_sub1}', 'a:b', '/a:b'],
    ['/{_sub1}', 'a/b', '/a%2Fb'],
  ];
  for (const [path, sub1, expected] of cases)
    assert.equal(filled(`https://a.example${path}`, { sub1 }), `https://a.example${expected}`);
});

test('a template problem names its place, counting characters from 1', () => {
  const parsed = parseUrl('https://a.example/?c={clickid}&{sub1}=1#{sub2:up}');
  assert.deepEqual(
    parsed.kind === 'problems' ? parsed.problems.map(({ position, message }) => [position, message]) : [],
    [
      [22, 'there is no macro {clickid}, at character 22'],
      [32, "{sub1} may not stand in a parameter's name, at character 32"],
      [41, '{sub2} has no form ":up", at character 41'],
      [41, '{sub2:up} may not stand in a fragment, at character 41'],
    ],
  );
  assert.deepEqual(misplacedMacros('a{sub1}', "a field's name"), [
    {
      code: 'misplaced_macro',
      macro: '{sub1}',
      position: 2,
      message: "{sub1} may not stand in a field's name, at character 2",
    },
  ]);
});

function textTemplate(text: string) {
  const parsed = parseText(text);
  assert.ok(parsed.kind === 'template', text);
  return parsed.template;
}

test('a value in a header is visible ASCII, adds no part to it, and can be read back', () => {
  const bearer = textTemplate('Bearer {sub1}; v=1, {_sub2}');
  fc.assert(
    fc.property(value, value, (sub1, sub2) => {
      const header = fillHeader(bearer, { sub1, sub2 });
      assert.match(header, /^[\x20-\x7e]*$/);
      const [, first, second] = /^Bearer ([^ ;,"\\]*); v=1,(?: ([^ ;,"\\]+))?$/.exec(header) ?? [];
      assert.deepEqual(
        [decodeURIComponent(first ?? '?'), decodeURIComponent(second ?? '')],
        [wellFormed(sub1), wellFormed(sub2)],
      );
    }),
    { numRuns: 1000 },
  );
  assert.equal(
    fillHeader(textTemplate('{timestamp}'), { timestamp: '2026-11-22T10:00:00Z' }),
    '2026-11-22T10:00:00Z',
  );
  assert.equal(fillHeader(textTemplate('Bearer {sub1}'), {}), 'Bearer');
});

test('a value in a form adds no field and reads back unchanged', () => {
  const fields: [string, string][] = [
    ['a', 'x {sub1}&y'],
    ['b=b', '{_sub2}'],
    ['c', '{sub1}{sub2|none}'],
  ];
  fc.assert(
    fc.property(value, value, (sub1, sub2) => {
      const body = fields
        .map(([name, text]) => `${formEncoded(name)}=${fillFormValue(textTemplate(text), { sub1, sub2 })}`)
        .join('&');
      assert.match(body, /^[\x21-\x7e]*$/);
      const [one, two] = [wellFormed(sub1), wellFormed(sub2)];
      assert.deepEqual(Array.from(new URLSearchParams(body)), [
        ['a', `x ${one}&y`],
        ['b=b', two],
        ['c', one + (sub2 === '' ? 'none' : two)],
      ]);
    }),
    { numRuns: 1000 },
  );
});

/** Texts that are nearly templates: pieces of the grammar in any order, beside any text. */
const nearlyTemplate = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...Object.keys(MACROS)) },
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          '{',
          '}',
          '{_',
          '|',
          ':',
          'map(',
          ')',
          '=',
          ',',
          '%',
          '%7b',
          '?',
          '&',
          '#',
          '/',
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('https://a.example', '\\', '@', 'minor', 'upper', '[', ']', '..'),
      },
      { weight: 1, arbitrary: value },
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

test('any text is read as a template or refused with its problems, and never throws', () => {
  fc.assert(
    fc.property(nearlyTemplate, (text) => {
      for (const read of [parseUrl, parseText, parseMacro]) {
        const parsed = read(text);
        if (parsed.kind === 'problems') assert.ok(parsed.problems.every(({ code }) => code.length > 0));
      }
      assert.ok(Array.isArray(misplacedMacros(text, 'somewhere')));
    }),
    { numRuns: 5000 },
  );
});

test('whatever is saved as the template of a URL fills with any values, and leads to the same place', () => {
  let saved = 0;
  fc.assert(
    fc.property(nearlyTemplate, value, value, (rest, sub1, clickId) => {
      const parsed = parseUrl(`https://a.example/${rest}`);
      if (parsed.kind === 'problems') return;
      saved += 1;
      const url = new URL(fillUrl(parsed.template, { sub1, click_id: clickId, payout: '1.00' }));
      assert.equal(url.origin, 'https://a.example');
      assert.equal(`${url.username}${url.password}`, '');
    }),
    { numRuns: 5000 },
  );
  assert.ok(saved > 500, `${saved} were saved`);
});
