// Landing URLs: macros, appended parameters, and deep links.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  compileLanding,
  deepLinkOf,
  isAllowedHostForm,
  landingPageOf,
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

test('an allowed host is a name, a wildcard below a name, or a name with a port', () => {
  for (const host of ['a.example', '*.a.example', 'localhost', 'a.example:8443', '10.0.0.1'])
    assert.ok(isAllowedHostForm(host), host);
  for (const host of ['', '*', '*.', 'a..b', 'https://a', 'a/b', 'a.*', '-a.b', 'a b', 'A.example'])
    assert.ok(!isAllowedHostForm(host), host);
});
