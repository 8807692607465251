// Landing URLs: macros, appended parameters, and deep links.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  compileLanding,
  deepLinkOf,
  isAllowedHostForm,
  landingPageOf,
  reservedParameters,
  type Landing,
  type Visit,
} from '../../../domain/attribution/landing.ts';

const VISIT: Visit = {
  affiliateId: 'aff_1',
  clickId: 'clk_1',
  subs: ['s', null, null, null, null],
  firstClickDays: null,
};

function landing(url: string, params: Record<string, string> = {}): Landing {
  const compiled = compileLanding(url, params);
  assert.equal(compiled.kind, 'landing', JSON.stringify(compiled));
  return (compiled as { landing: Landing }).landing;
}

describe('a landing page', () => {
  for (const [title, url, expected] of [
    ['gets the click id and the subs', 'https://a.example', 'https://a.example?click_id=clk_1&sub1=s'],
    [
      'keeps its query and fragment',
      'https://a.example/?x=%2F&y#z?',
      'https://a.example/?x=%2F&y&click_id=clk_1&sub1=s#z?',
    ],
    [
      'that ends in a separator gets no second one',
      'https://a.example/?',
      'https://a.example/?click_id=clk_1&sub1=s',
    ],
    [
      'that names a sub itself keeps its own',
      'https://a.example/?sub1=own',
      'https://a.example/?sub1=own&click_id=clk_1',
    ],
    [
      'may place click id and subs by macros',
      'https://a.example/{sub1}?click_id={click_id}',
      'https://a.example/s?click_id=clk_1&sub1=s',
    ],
    [
      'gets click_id for the capture script beside the name that the site gives it',
      'https://a.example/?cid={click_id}',
      'https://a.example/?cid=clk_1&click_id=clk_1&sub1=s',
    ],
    [
      'may place macros in its fragment',
      'https://a.example/#/{affiliate_id}',
      'https://a.example/?click_id=clk_1&sub1=s#/aff_1',
    ],
    [
      'may name a default for a missing sub',
      'https://a.example/{sub2|none}',
      'https://a.example/none?click_id=clk_1&sub1=s',
    ],
  ] as const) {
    test(`a landing page ${title}`, () => assert.equal(landingPageOf(landing(url), VISIT), expected));
  }

  test('a landing page gets no click id for a visit that is not counted', () => {
    const visit = { ...VISIT, clickId: null, firstClickDays: 30 };
    assert.equal(
      landingPageOf(landing('https://a.example/?c={click_id}'), visit),
      'https://a.example/?c=&sub1=s',
    );
  });

  test('a filled landing page keeps its host and path and carries every sub unchanged', () => {
    const sub = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .map((text) => text.replaceAll(/[\p{Cc}\p{Cs}]/gu, ''));
    const template = landing('https://a.example/p/{sub2}/q?x={sub1}', { 'p.1': '<{sub1}>' });
    fc.assert(
      fc.property(sub, sub, (sub1, sub2) => {
        const url = new URL(landingPageOf(template, { ...VISIT, subs: [sub1, sub2, null, null, null] }));
        assert.deepEqual([url.host, url.hash, url.pathname.split('/').length], ['a.example', '', 4]);
        const query = url.searchParams;
        assert.deepEqual(
          [query.get('x'), query.get('sub1'), query.get('sub2'), query.get('p.1')],
          [sub1, sub1, sub2, `<${sub1}>`],
        );
        assert.equal([...query.keys()].length, 5);
      }),
    );
  });
});

describe('a deep link', () => {
  test('a deep link of any text leads to an allowed host or is refused', () => {
    const part = fc.constantFrom(
      'https:',
      'http:',
      '//',
      '/',
      '\\',
      '@',
      ':',
      '?',
      '#',
      '.',
      'shop.example',
      'evil.example',
      '%2f',
      '\t',
      '\n',
      ' ',
      '{sub1}',
    );
    const text = fc.array(part, { maxLength: 10 }).map((parts) => parts.join(''));
    const of = landing('https://a.example/');
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((rest) => `https://shop.example${rest}`),
        ),
        (to) => {
          const target = deepLinkOf(of, to, ['shop.example', '*.shop.example'], VISIT);
          if (target === null) return;
          const { host, searchParams } = new URL(target);
          assert.ok(host === 'shop.example' || host.endsWith('.shop.example'), target);
          assert.ok(searchParams.has('click_id'), target);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a deep link keeps its fragment', () => {
    assert.equal(
      deepLinkOf(landing('https://a.example/', { a: '1' }), 'https://b.example/x?y#z', ['b.example'], VISIT),
      'https://b.example/x?y&a=1&click_id=clk_1&sub1=s#z',
    );
  });
});

describe('a deep link with values of another visit', () => {
  const deep = (rest: string, of = landing('https://a.example/'), visit = VISIT) =>
    deepLinkOf(of, `https://b.example${rest}`, ['b.example'], visit)?.replace('https://b.example', '');

  for (const [title, given, expected] of [
    ['gets this click’s id', '/x?click_id=old', '/x?click_id=clk_1&sub1=s'],
    [
      'keeps other parameters and their order',
      '/x?b=%2f+&click_id=old&a&b=2',
      '/x?b=%2f+&click_id=clk_1&a&b=2&sub1=s',
    ],
    ['gets this visit’s subs', '/x?sub1=old&sub2=old&a=1', '/x?sub1=s&a=1&click_id=clk_1'],
    ['loses days that this visit does not have', '/x?first_click_days=30', '/x?click_id=clk_1&sub1=s'],
    ['gets each value once', '/x?click_id=1&a=1&CLICK_ID=2&click_id=3', '/x?click_id=clk_1&a=1&sub1=s'],
    [
      'keeps a click id within another value',
      '/x?next=%2F%3Fclick_id%3Dold',
      '/x?next=%2F%3Fclick_id%3Dold&click_id=clk_1&sub1=s',
    ],
    [
      'keeps longer names',
      '/x?my_click_id=1&sub10=2&click_ids=3',
      '/x?my_click_id=1&sub10=2&click_ids=3&click_id=clk_1&sub1=s',
    ],
    [
      'is corrected where parameters are parted by semicolons',
      '/x?a=1;click_id=old',
      '/x?a=1;click_id=clk_1&click_id=clk_1&sub1=s',
    ],
    [
      'is corrected in a copied HTML text',
      '/x?a=1&amp;click_id=old',
      '/x?a=1&amp;click_id=clk_1&click_id=clk_1&sub1=s',
    ],
    [
      'is corrected in its fragment',
      '/x#/page?a=1&click_id=old',
      '/x?click_id=clk_1&sub1=s#/page?a=1&click_id=clk_1',
    ],
    ['is corrected in a fragment that is parameters', '/x#sub2=old&a=%20', '/x?click_id=clk_1&sub1=s#a=%20'],
    ['keeps the path in its fragment', '/x#/page?sub2=old&a=1', '/x?click_id=clk_1&sub1=s#/page?a=1'],
    ['keeps an anchor of such a name', '/x#sub2', '/x?click_id=clk_1&sub1=s#sub2'],
  ] as const) {
    test(`a deep link with values of another visit ${title}`, () => assert.equal(deep(given), expected));
  }

  for (const name of [
    'click%5Fid',
    '%63lick_id',
    'click%255Fid',
    'CLICK_ID',
    'Click_Id',
    'click+id',
    'click%20id',
    '+click_id',
    'click_id+',
    'click.id',
    'click[id',
    'click_id[]',
    'click_id%5B0%5D',
    'click_id%00x',
    '?click_id',
  ])
    test(`a deep link loses another click id under the name ${name}`, () => {
      assert.equal(deep(`/x?${name}=old&a=1`), '/x?click_id=clk_1&a=1&sub1=s');
      assert.equal(
        deep(`/x?a=1#/y?b=2&${name}=old`),
        '/x?a=1&click_id=clk_1&sub1=s#/y?b=2&click_id=clk_1'.replace(
          'y?b=2&',
          name.startsWith('?') ? 'y?b=2&?' : 'y?b=2&',
        ),
      );
    });

  test('a deep link has no click id at all when the visit is not counted', () => {
    const visit = { ...VISIT, clickId: null, subs: [null, null, null, null, null] as const };
    assert.equal(deep('/x?click_id=old&sub1=old', undefined, visit), '/x');
    assert.equal(deep('/x?&click_id=old#/y?click_id=old', undefined, visit), '/x#/y?');
  });

  test('a deep link gets this visit’s values in parameters that the link fills by macros', () => {
    const of = landing('https://a.example/?cid={click_id}&lang=en#/in?aff={affiliate_id}', {
      ref: '{affiliate_id}-{sub1}',
      utm_source: 'partners',
      sub3: 'own',
    });
    assert.equal(
      deep('/x?cid=old&lang=de&REF=old&utm_source=mine&sub3=old#/y?aff=old', of),
      '/x?cid=clk_1&lang=de&ref=aff_1-s&utm_source=mine&sub3=own&click_id=clk_1&sub1=s#/y?aff=aff_1',
    );
  });

  test('a deep link of any text carries no value of another visit, and all else unchanged', () => {
    const name = fc.constantFrom('click_id', 'first_click_days', 'sub1', 'sub2', 'sub3', 'sub4', 'sub5');
    const spelled = name.chain((text) =>
      fc
        .tuple(
          ...Array.from(text, (character) =>
            fc.constantFrom(character, character.toUpperCase(), encoded(character)),
          ),
        )
        .map((characters) => characters.join('')),
    );
    const foreign = fc.tuple(spelled, fc.constantFrom('=old', '=old%20', '=')).map((parts) => parts.join(''));
    const other = fc.constantFrom('a=1', 'b=%2f', 'c', 'subs=1', 'd=x=y', 'a=2', 'id=+');
    const list = fc.array(fc.oneof(foreign, other), { maxLength: 8 });
    const others = (text: string) => text.split('&').filter((pair) => /^([abcd]|subs|id)(=|$)/.test(pair));
    fc.assert(
      fc.property(list, list, (query, fragment) => {
        const target = deep(`/x?${query.join('&')}#/y?${fragment.join('&')}`)!;
        assert.ok(!target.includes('old'), target);
        const [search, hash] = [target.split(/[?#]/)[1]!, target.split('#/y?')[1]!];
        assert.deepEqual(others(search), others(query.join('&')));
        assert.deepEqual(others(hash), others(fragment.join('&')));
        assert.deepEqual(new URLSearchParams(search).getAll('click_id'), ['clk_1']);
      }),
      { numRuns: 500 },
    );
  });
});

function encoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}

test('a deep link goes to http only where the landing page is http', () => {
  const to = (url: string, from: string) => deepLinkOf(landing(from), url, ['b.example'], VISIT);
  assert.equal(to('http://b.example/x', 'https://a.example/'), null);
  assert.equal(to('HTTP://b.example/x', 'HTTPS://a.example/'), null);
  assert.equal(to('http://b.example/x', 'http://a.example/'), 'http://b.example/x?click_id=clk_1&sub1=s');
  assert.equal(to('https://b.example/x', 'http://a.example/'), 'https://b.example/x?click_id=clk_1&sub1=s');
});

test('a link has no other meaning of click_id in any spelling, in its query, fragment or parameters', () => {
  const pathsOf = (url: string, params: Record<string, string> = {}) =>
    reservedParameters(url, params).map(({ path }) => path.join('.'));
  for (const rest of [
    '?click_id=1',
    '?a=1&click%5Fid=1',
    '?CLICK_ID=1',
    '?click+id=1',
    '?click_id[]=1',
    '?a;click_id=1',
    '?click_id',
    '#/page?click_id=1',
    '#click%5fid=1',
    '?click_id={click_id}&click_id=1',
    '?click_id={sub1}',
  ])
    assert.deepEqual(pathsOf(`https://a.example/${rest}`), ['landing_url'], rest);
  for (const rest of [
    '',
    '?click_id={click_id}',
    '?click%5Fid={click_id}#/page?click_id={click_id}',
    '#click_id',
    '?id=1',
  ])
    assert.deepEqual(pathsOf(`https://a.example/${rest}`), [], rest);
  assert.deepEqual(
    pathsOf('https://a.example/', { Click_ID: '1', 'click.id': 'x', click_id: '{click_id}', id: '1' }),
    ['params.Click_ID', 'params.click.id'],
  );
});

test('an allowed host is a name, a wildcard below a name, or a name with a port', () => {
  for (const host of ['a.example', '*.a.example', 'localhost', 'a.example:8443', '10.0.0.1'])
    assert.ok(isAllowedHostForm(host), host);
  for (const host of ['', '*', '*.', 'a..b', 'https://a', 'a/b', 'a.*', '-a.b', 'a b', 'A.example'])
    assert.ok(!isAllowedHostForm(host), host);
});
