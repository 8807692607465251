// Lookalikes of macros in URLs, headers and form fields: which are refused, which only warned of,
// and which texts are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { lookalikesInText, lookalikesInUrl, type Lookalike } from '../../../domain/delivery/lookalikes.ts';
import { MACROS } from '../../../domain/delivery/templates/macros.ts';

const shown = (found: readonly Lookalike[]) =>
  found.map(({ isRefused, code, message }) => {
    const [, at] = /at character (\d+)$/.exec(message) ?? [];
    return `${isRefused ? 'refused' : 'warned'} ${code} ${at}`;
  });

for (const [url, ...expected] of [
  ['https://a.example/p?cid=#s2#&payout=#price#', 'refused fragment 25'],
  ['https://a.example/p?cid=#s2#', 'refused fragment 25'],
  ['https://a.example/#/p?cid=1', 'refused fragment 19'],
  ['https://a.example/p?t={transaction_id}&#38;x=1', 'refused fragment 40'],
  ['https://a.example/p#top', 'warned fragment 20'],
  ['https://a.example/p?x=1&amp;t={transaction_id}', 'refused html_entity 24'],
  ['https://a.example/p?cid=%7Bclick_id%7D', 'refused encoded_macro 25'],
  ['https://a.example/p?cid=%7bpayout:minor%7d', 'refused encoded_macro 25'],
  ['https://a.example/p?cid=%257Bclick_id%257D', 'refused encoded_macro 25'],
  ['https://a.example/%7Bsub1%7D/p?x={sub1}', 'refused encoded_macro 19'],
  ['https://a.example/p?cid=%7Baff_sub%7D', 'refused encoded_macro 25'],
  ['https://a.example/p?cid=%7Bnobody_knows%7D', 'warned encoded_macro 25'],
  ['https://a.example/p?cid=[clickid]', 'warned lookalike 25'],
  ['https://a.example/p?x={sub1}&cid=%5Bclickid%5D', 'warned lookalike 34'],
  ['https://a.example/<click>/p', 'warned lookalike 19'],
  [
    'https://a.example/p?a=$click$&b=%click%&c=__CLICK__',
    'warned lookalike 23',
    'warned lookalike 33',
    'warned lookalike 43',
  ],
  ['https://a.example/p?cid={click_id}?sum={payout}', 'warned separator 35'],
  ['https://a.example/p?a=1&cid={click_id}?sum={payout}', 'warned separator 39'],
  ['https://a.example/p&cid={click_id}', 'warned separator 20'],
  ['https://a.example/p&cid={click_id}?sum={payout}', 'warned separator 20'],
  ['https://a.example/p?cid=${click_id}', 'warned lookalike 25'],
  ['https://a.example/p?cid=%{click_id}&b="{sub1}"', 'warned lookalike 25', 'warned lookalike 39'],
  ['https://a.example/[{sub1}]/p?b=%27{sub2}%27', 'warned lookalike 19', 'warned lookalike 32'],
  ['https://a.example/p?cid=click_id&t=TRANSACTION_ID', 'warned lookalike 25', 'warned lookalike 36'],
  ['https://a.example/p?cid=$clickid&b=:sub1', 'warned lookalike 25', 'warned lookalike 36'],
  ['https://a.example/:click_id/p?b=｛sub1｝', 'warned lookalike 19', 'warned lookalike 33'],
  ['https://a.example/p?a=[[cid]]&b=<<cid>>', 'warned lookalike 23', 'warned lookalike 33'],
  ['https://a.example/p?a=((cid))&b=!cid!', 'warned lookalike 23', 'warned lookalike 33'],
  ['https://a.example/p?a=*|CID|*&b=%s', 'warned lookalike 23', 'warned lookalike 33'],
  ['https://a.example/p?a=<%cid%>&b=TODO', 'warned lookalike 23', 'warned lookalike 33'],
  ['https://a.example/p?a=INSERT_ID&b=CLICK_HERE', 'warned lookalike 23', 'warned lookalike 35'],
  ['https://a.example/p?a=undefined&b=REPLACE_ME', 'warned lookalike 23', 'warned lookalike 35'],
  ['https://a.example/p?a=&lt;cid&gt;', 'warned html_entity 23'],
  ['https://a.example/p?a={sub1};b={sub2}', 'warned separator 29'],
  ['https://a.example/p?a={sub1}%26b%3D{sub2}', 'warned separator 29'],
  ['https://a.example/p%3Fa={sub1}', 'warned separator 20'],
  ['https://a.example/p??a={sub1}', 'warned separator 21'],
  ['https://a.example/p?cid=REPLACE&sum=OPTIONAL', 'warned lookalike 25', 'warned lookalike 37'],
] as const) {
  test(`a URL that ends with ${url.slice(17)} is ${expected.join(', ')}`, () => {
    assert.deepEqual(shown(lookalikesInUrl(url)), expected);
  });
}

for (const url of [
  'https://a.example/p?c={click_id}&s={status:map(pending=1,reversed=2)|0}',
  'https://a.example/p?ids[]=1&filter[name]=x',
  'https://a.example/p?a=1&to=https://b.example/?c={click_id}',
  'https://a.example/p?q=what??',
  'https://a.example/p&q/{click_id}',
  'https://a.example/p?guid=%7B3F2504E0-4F89-11D3-9A0C-0305E82C3301%7D',
  'https://a.example/a%2Fb?u=https%3A%2F%2Fb.example%2F%3Fx%3D1%26amp%3Dy&p=100%&z=%zz&t=a+b|c;d',
  'https://a.example/p?json=%7B%22a%22%3A1%7D',
  'https://a.example/p?text=salt&amp;pepper',
  'https://a.example/click/id?event=sale&type=status&n=null1&h=@acme&p=(a b)c&f=a,b=c;d&s=${x',
  'https://a.example/p?u=https%3A%2F%2Fb.example%2F%3Fc%3D{click_id}%26p%3D{payout}&s={sub1}-{sub2}',
  'https://a.example/replace/optional?mode=replace&x=$5&y=a_b__c',
])
  test(`the URL that ends with ${url.slice(17)} is no lookalike of anything`, () => {
    assert.deepEqual(lookalikesInUrl(url), []);
  });

test('no URL of our macros and plain values has a lookalike', () => {
  const macro = fc.constantFrom(...Object.keys(MACROS)).map((name) => `{${name}}`);
  const plain = fc
    .stringMatching(/^[A-Za-z0-9._-]{1,12}$/)
    .filter((word) => !/^(REPLACE|OPTIONAL|__|YOUR|INSERT|TODO|TBD|XXX|undefined|null|NaN)|HERE$/.test(word));
  const parameter = fc.tuple(plain, fc.oneof(macro, plain)).map(([name, value]) => `${name}=${value}`);
  const query = fc.array(parameter, { maxLength: 5 }).map((all) => all.join('&'));
  const path = fc.array(fc.oneof(macro, plain), { maxLength: 4 }).map((all) => all.join('/'));
  fc.assert(
    fc.property(path, query, (segments, parameters) => {
      assert.deepEqual(lookalikesInUrl(`https://a.example/${segments}?${parameters}`), []);
    }),
  );
});

for (const [text, ...expected] of [
  ['%7Bclick_id%7D', 'refused encoded_macro 1'],
  ['a-%7Bclick_id%7D', 'refused encoded_macro 3'],
  ['[clickid]', 'warned lookalike 1'],
  ['#s2#', 'warned lookalike 1'],
  ['Bearer abc#def&ghi'],
  ['${sub1}', 'warned lookalike 1'],
  ['%7B{sub1}%7D', 'warned lookalike 1'],
  ['Bearer <token>', 'warned lookalike 8'],
  ['Bearer YOUR_API_KEY', 'warned lookalike 8'],
  ['{click_id}&amp;x=1'],
] as const) {
  test(`a header or form field of ${text} is ${expected.join(', ') || 'no lookalike'}`, () => {
    assert.deepEqual(shown(lookalikesInText(text)), expected);
  });
}
