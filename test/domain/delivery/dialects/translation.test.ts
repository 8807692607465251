// Importing postback URLs from other platforms: a realistic URL per dialect, the guessed platform,
// and a result that is a valid template.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseUrl } from '../../../../domain/delivery/templates/template.ts';
import {
  DIALECTS,
  DIALECT_NAMES,
  translate,
  type DialectName,
  type Translation,
} from '../../../../domain/delivery/dialects/translation.ts';
import type { Dialect } from '../../../../domain/delivery/dialects/dialect.ts';

function translated(url: string, dialect: DialectName | 'auto'): Translation {
  const result = translate(url, dialect);
  assert.ok(result.kind === 'translated', JSON.stringify(result));
  return result.translation;
}

/**
 * Each platform's documented URL with more of its macros, our template, and macros without a
 * counterpart, by their place.
 */
const URLS: [dialect: DialectName, theirs: string, ours: string, unmapped: string[]][] = [
  [
    'everflow',
    'https://partner.example/postback?click_id={sub1}&tid={transaction_id}&amount={payout_amount}&goal={event_name}&at={timestamp}&src={source_id}&s6={sub6}',
    'https://partner.example/postback?click_id={sub1}&tid={click_id}&amount={payout}&goal={event}&at={occurred_at:unix}&src=&s6=',
    ['query.src', 'query.s6'],
  ],
  [
    'tune',
    'http://demo.go2cloud.org/aff_lsr?transaction_id={aff_sub}&sid={aff_sub2}&payout={payout}&sale={sale_amount}&cur={currency}&date={datetime}&offer={offer_id}',
    'http://demo.go2cloud.org/aff_lsr?transaction_id={sub1}&sid={sub2}&payout={payout}&sale={amount}&cur={payout_currency}&date={occurred_at:datetime}&offer=',
    ['query.offer'],
  ],
  [
    'affise',
    'https://rocketcompany.example/postback?clickid={sub1}&action_id={transactionid}&sum={sum}&currency={currency}&status={status}&goal={goal}&geo={geo}&date={date_only}',
    'https://rocketcompany.example/postback?clickid={sub1}&action_id={transaction_id}&sum={payout}&currency={payout_currency}&status={status:map(pending=2,payable=1,paid=1,reversed=3)}&goal={event}&geo=&date={occurred_at:date}',
    ['query.geo'],
  ],
  [
    'trackier',
    'https://pub.example/acquisition?click_id={p1}&sub={p2}&txn_id={txn_id}&payout={payout_usd}&goal={goal_value}&campaign={campaign_id}',
    'https://pub.example/acquisition?click_id={sub1}&sub={sub2}&txn_id={transaction_id}&payout={payout}&goal={event}&campaign=',
    ['query.campaign'],
  ],
  [
    'cake',
    'https://MyPostbackURL.com/conv/#leadid#/?click_id=#s2#&affiliate=#s1#&amt=#price#&tx=#tid#&long=#s3##s4#&o=#oid#',
    'https://MyPostbackURL.com/conv/{event_id}/?click_id={sub2}&affiliate={sub1}&amt={payout}&tx={transaction_id}&long={sub3}{sub4}&o=',
    ['query.o'],
  ],
  [
    'keitaro',
    'https://adnetwork.com/postback?cid={external_id}&rev={revenue}&tx={_tid}&st={status:lead=0 sale=1 rejected=2}&when={date:Y-m-d}',
    'https://adnetwork.com/postback?cid={sub1}&rev={payout}&tx={_transaction_id}&st={status:map(pending=0,payable=1,paid=1,reversed=2)}&when=',
    ['query.when'],
  ],
  [
    'binom',
    'https://syndication.example/conversion?tag={externalid}&value={payout}&status={cnv_status}&event={cnv_status2}&zone={t2}&cc={country_code}',
    'https://syndication.example/conversion?tag={sub1}&value={payout}&status={status}&event={event}&zone={sub2}&cc=',
    ['query.cc'],
  ],
  [
    'voluum',
    'http://ad.propellerads.com/conversion.php?aid=12345&pid=&tid=1234&visitor_id={externalid:raw}&zone={var2}&payout={payout}&c={campaign.id}&v={var3:hash}',
    'http://ad.propellerads.com/conversion.php?aid=12345&pid=&tid=1234&visitor_id={_sub1}&zone={sub2}&payout={payout}&c=&v=',
    ['query.c', 'query.v'],
  ],
  [
    'redtrack',
    'https://source.example/s2s/{ref_id}?payout={payout}&type={type}&sub={sub3}&ip={ip}',
    'https://source.example/s2s/{sub1}?payout={payout}&type={event}&sub={sub3}&ip=',
    ['query.ip'],
  ],
];

describe('a postback URL', () => {
  for (const [dialect, theirs, ours, unmapped] of URLS) {
    test(`a postback URL of ${DIALECTS[dialect].name} becomes one of ours, named or guessed`, () => {
      const named = translated(theirs, dialect);
      assert.equal(named.url, ours);
      assert.deepEqual(
        named.unmapped.map(({ where }) => where),
        unmapped,
      );
      assert.ok(named.unmapped.every(({ note }) => note !== ''));
      assert.equal(parseUrl(named.url).kind, 'template');
      assert.deepEqual(translated(theirs, 'auto'), named);
    });
  }

  for (const [dialect, theirs, ours] of [
    [
      'voluum',
      'https://track.radantus.com/postback?cid=REPLACE&payout=OPTIONAL&txid={}&et=OPTIONAL&param1=OPTIONAL',
      'https://track.radantus.com/postback?cid={sub1}&payout={payout}&txid={transaction_id}&et={event}&param1=',
    ],
    [
      'binom',
      'https://b.example/click.php?cnv_id={NETWORK_TOKEN}&payout={PAYOUT_TOKEN}&cnv_status={CONVERSION_STATUS}',
      'https://b.example/click.php?cnv_id={sub1}&payout={payout}&cnv_status={status}',
    ],
    [
      'keitaro',
      'https://k.example/a1b2/postback?subid=REPLACE&status=REPLACE&payout=REPLACE',
      'https://k.example/a1b2/postback?subid={sub1}&status={status:map(pending=lead,payable=sale,paid=sale,reversed=rejected)}&payout={payout}',
    ],
    [
      'redtrack',
      'https://r.example/postback?clickid=REPLACE&sum=REPLACE&type=OPTIONAL',
      'https://r.example/postback?clickid={sub1}&sum={payout}&type={event}',
    ],
  ] as const) {
    test(`a URL at which ${DIALECTS[dialect].name} takes postbacks is filled in by its parameters`, () => {
      assert.deepEqual(
        [translated(theirs, 'auto').dialect, translated(theirs, dialect).url],
        [dialect, ours],
      );
    });
  }

  test('a postback URL with an unknown macro is imported without it, with a warning', () => {
    const { url, unmapped } = translated('https://t.example/{Sub1}/x?c={sub1}&d={clickID}', 'everflow');
    assert.equal(url, 'https://t.example//x?c={sub1}&d=');
    assert.deepEqual(
      unmapped.map(({ macro, where }) => [macro, where]),
      [
        ['{Sub1}', 'path'],
        ['{clickID}', 'query.d'],
      ],
    );
  });

  test('a postback URL with encoded braces and blanks around it is read like one without', () => {
    assert.equal(
      translated(' https://t.example/?c=%7Bsub1%7D\n', 'everflow').url,
      'https://t.example/?c={sub1}',
    );
  });

  test('a postback URL is imported with the choices left to a person', () => {
    const { notes } = translated(
      'https://t.example/?a={aff_sub}&b={aff_click_id}&c={goal_id}&d={offer_id}#{payout}',
      'tune',
    );
    const said = (pattern: RegExp) =>
      assert.ok(
        notes.some((note) => pattern.test(note)),
        `${pattern}: ${notes.join('; ')}`,
      );
    said(/\{aff_sub\} and \{aff_click_id\} would all be \{sub1\}/);
    said(/links must carry sub1/);
    said(/name of the event/);
    said(/left empty/);
    said(/never sent/);
    assert.ok(!notes.some((note) => note.includes('tells a reversal')), 'the event tells it');
    assert.match(
      translated('https://t.example/?p={payout}', 'tune').notes.join(),
      /nothing in this URL tells a reversal/,
    );
  });

  test('a postback URL that two platforms read differently is guessed with a warning', () => {
    assert.match(
      translated('https://t.example/?c={sub1}', 'auto').notes[0] ?? '',
      /taken as Everflow; at Trackier/,
    );
    assert.doesNotMatch(translated('https://t.example/?c={transaction_id}', 'auto').notes.join(), /taken as/);
  });

  for (const [url, dialect, expected] of [
    ['https://t.example/?c=1', 'auto', 'dialect unknown_dialect'],
    ['https://t.example/?c={nobody}', 'auto', 'dialect unknown_dialect'],
    ['https://{sub1}.example/', 'auto', 'url misplaced_macro'],
    ['https://t.example/?{sub1}=1', 'everflow', 'url misplaced_macro'],
    ['https://t.example/?#s1#=1', 'cake', 'url misplaced_macro'],
    ['ftp://t.example/{sub1}', 'affise', 'url invalid_url'],
    ['', 'cake', 'url invalid_url'],
  ] as const) {
    test(`a postback URL is refused: ${JSON.stringify(url)} as ${dialect}`, () => {
      const result = translate(url, dialect);
      assert.equal(result.kind === 'refused' && `${result.about} ${result.code}`, expected);
    });
  }
});

describe('a dialect', () => {
  for (const name of DIALECT_NAMES) {
    const dialect: Dialect = DIALECTS[name];

    test(`the dialect of ${dialect.name} maps to templates of ours, and no macro both ways`, () => {
      const ours = [...Object.values(dialect.macros), ...Object.values(dialect.parameters ?? {})];
      for (const counterpart of ours) {
        const text = typeof counterpart === 'string' ? counterpart : counterpart.ours;
        assert.equal(parseUrl(`https://t.example/?v=${text}`).kind, 'template', text);
      }
      const lost = Object.values(dialect.without).flat();
      assert.deepEqual(
        lost.filter((each, at) => Object.hasOwn(dialect.macros, each) || lost.indexOf(each) !== at),
        [],
      );
      assert.ok(
        dialect.sources.length > 0 && dialect.sources.every((source) => source.startsWith('https://')),
      );
    });
  }

  test('a dialect translates any text around its macros into a template, or refuses it', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '?',
        '&',
        '=',
        'a',
        '{sub1}',
        '{status:x=1}',
        '{_tid}',
        '#s1#',
        '#',
        '{}',
        'REPLACE',
        '{payout:50}',
        '%7Bsum%7D',
      ),
      fc.string({ unit: fc.constantFrom('b', '2', '.', ':', '|', '-'), maxLength: 3 }),
    );
    const from = fc.constantFrom('auto' as const, ...DIALECT_NAMES);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), from, (pieces, dialect) => {
        const result = translate(`https://t.example/${pieces.join('')}`, dialect);
        if (result.kind === 'refused') return;
        // Braces mean nothing in a dialect of hashes, and are left for the check of saving to
        // refuse.
        const isOfBraces = DIALECTS[result.translation.dialect].style === 'braces';
        const parsed = parseUrl(result.translation.url);
        const problems = parsed.kind === 'problems' ? parsed.problems : [];
        assert.deepEqual(
          problems.filter(({ macro }) => macro === '' || isOfBraces),
          [],
        );
      }),
      { numRuns: 2000 },
    );
  });
});
