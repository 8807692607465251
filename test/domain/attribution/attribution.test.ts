// Attribution of events, and the deal version in force.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { attribute, versionInForce, type Evidence } from '../../../domain/attribution/attribution.ts';
import type { Binding, Click, ConversionEvent, Coupon } from '../../../domain/types.ts';
import { anEvent, DAY_MS, NOON } from '../../support/builders.ts';

const WINDOW_DAYS = 30;

function aClick(affiliateId: string, changes: Partial<Click> = {}): Click {
  const subs = [null, null, null, null, null] as const;
  return { id: `clk_${affiliateId}`, affiliateId, linkId: null, subs, clickedAt: NOON - DAY_MS, ...changes };
}

function boundTo(affiliateId: string, click: Click | null = null): Binding {
  return { customerId: 'c', affiliateId, eventId: 'evt_0', click };
}

/** A coupon of an affiliate, valid around noon. */
function couponOf(affiliateId: string, changes: Partial<Coupon> = {}): Coupon {
  return {
    affiliateId,
    affiliateExternalId: null,
    bindsCustomer: true,
    startsAt: null,
    endsAt: null,
    ...changes,
  };
}

describe('attribution', () => {
  const nothing: Evidence = { click: null, binding: null, affiliateExternalId: null };
  const cases: readonly [string, Partial<ConversionEvent>, Partial<Evidence>, string][] = [
    [
      'with a click belongs to the affiliate of the click',
      { clickId: 'x' },
      { click: aClick('a') },
      'attributed a click clk_a binds',
    ],
    [
      'with a binding alone belongs to the affiliate of the binding',
      {},
      { binding: boundTo('b') },
      'attributed b binding null',
    ],
    [
      'with a binding shows the click of the binding',
      {},
      { binding: boundTo('b', aClick('b')) },
      'attributed b binding clk_b',
    ],
    [
      'with a click of another affiliate stays with the binding',
      { clickId: 'x' },
      { click: aClick('a'), binding: boundTo('b') },
      'attributed b binding null',
    ],
    [
      'with a later click of the same affiliate shows the later click',
      { clickId: 'y' },
      { click: aClick('b', { id: 'clk_new' }), binding: boundTo('b', aClick('b')) },
      'attributed b click clk_new',
    ],
    [
      'without a customer creates no binding',
      { customerId: null, clickId: 'x' },
      { click: aClick('a') },
      'attributed a click clk_a',
    ],
    ['without evidence is an orphan', {}, {}, 'orphaned no_evidence'],
    ['with an unknown click is an orphan', { clickId: 'x' }, {}, 'orphaned unknown_click'],
    [
      'in the last millisecond of the click window is attributed',
      { clickId: 'x' },
      { click: aClick('a', { clickedAt: NOON - WINDOW_DAYS * DAY_MS }) },
      'attributed a click clk_a binds',
    ],
    [
      'a millisecond after the click window is rejected',
      { clickId: 'x' },
      { click: aClick('a', { clickedAt: NOON - WINDOW_DAYS * DAY_MS - 1 }) },
      'rejected click_expired',
    ],
    [
      'of a bound customer ignores the click window',
      { clickId: 'x' },
      { click: aClick('b', { clickedAt: 0 }), binding: boundTo('b') },
      'attributed b click clk_b',
    ],
    [
      'is rejected when the affiliate of the click is the customer',
      { clickId: 'x', customerId: 'me' },
      { click: aClick('a'), affiliateExternalId: 'me' },
      'rejected own_referral',
    ],
    [
      'is attributed when the affiliate of the click is another person than the customer',
      { clickId: 'x' },
      { click: aClick('a'), affiliateExternalId: 'me' },
      'attributed a click clk_a binds',
    ],
    [
      'with a coupon belongs to the affiliate of the coupon',
      { coupon: 'X' },
      { coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    [
      'with a coupon that does not bind creates no binding',
      { coupon: 'X' },
      { coupon: couponOf('k', { bindsCustomer: false }) },
      'attributed k coupon null',
    ],
    [
      'with a click and a coupon belongs to the affiliate of the click',
      { clickId: 'x' },
      { click: aClick('a'), coupon: couponOf('k') },
      'attributed a click clk_a binds',
    ],
    [
      'with a coupon and a binding stays with the binding',
      {},
      { binding: boundTo('b'), coupon: couponOf('k') },
      'attributed b binding null',
    ],
    [
      'with an expired click and a coupon belongs to the affiliate of the coupon',
      { clickId: 'x' },
      { click: aClick('a', { clickedAt: 0 }), coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    [
      'with an unknown click and a coupon belongs to the affiliate of the coupon',
      { clickId: 'x' },
      { coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    ['with an unknown coupon is an orphan', { coupon: 'X' }, {}, 'orphaned unknown_coupon'],
    [
      'at the start of a coupon is attributed',
      {},
      { coupon: couponOf('k', { startsAt: NOON }) },
      'attributed k coupon null binds',
    ],
    [
      'before the start of a coupon is an orphan',
      { coupon: 'X' },
      { coupon: couponOf('k', { startsAt: NOON + 1 }) },
      'orphaned unknown_coupon',
    ],
    [
      'at the end of a coupon is an orphan',
      { coupon: 'X' },
      { coupon: couponOf('k', { endsAt: NOON }) },
      'orphaned unknown_coupon',
    ],
    [
      'is rejected when the affiliate of the coupon is the customer',
      { customerId: 'me' },
      { coupon: couponOf('k', { affiliateExternalId: 'me' }) },
      'rejected own_referral',
    ],
    [
      'with an expired click and a coupon of two affiliates belongs to the affiliate of the coupon',
      { clickId: 'x', customerId: 'me' },
      { click: aClick('a', { clickedAt: 0 }), affiliateExternalId: 'me', coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    [
      'assigned manually belongs to the assigned affiliate regardless of later evidence',
      { clickId: 'x' },
      {
        click: aClick('a'),
        coupon: couponOf('k'),
        assignment: { affiliateId: 'm', affiliateExternalId: null },
      },
      'attributed m manual null binds',
    ],
    [
      'assigned manually stays with an existing binding',
      {},
      { binding: boundTo('b'), assignment: { affiliateId: 'm', affiliateExternalId: null } },
      'attributed b binding null',
    ],
  ];
  for (const [title, changes, evidence, expected] of cases) {
    test(`an event ${title}`, () => {
      const result = attribute(anEvent(changes), { ...nothing, ...evidence }, WINDOW_DAYS);
      const words =
        result.kind === 'attributed'
          ? [
              result.kind,
              result.affiliateId,
              result.method,
              result.click?.id ?? 'null',
              ...(result.binds ? ['binds'] : []),
            ]
          : [result.kind, result.reason];
      assert.equal(words.join(' '), expected);
    });
  }
});

describe('the deal version in force', () => {
  const version = (dealId: string, affiliateId: string | null, effectiveFrom: number) => ({
    dealId,
    affiliateId,
    effectiveFrom,
  });
  const versions = [
    version('default', null, 0),
    version('default', null, 100),
    version('own', 'a', 50),
    version('own', 'a', 150),
    version('other', 'b', 0),
  ];
  for (const [affiliateId, occurredAt, expected] of [
    ['a', 49, 'default from 0'],
    ['a', 50, 'own from 50'],
    ['a', 149, 'own from 50'],
    ['a', 150, 'own from 150'],
    ['b', 500, 'other from 0'],
    ['c', 99, 'default from 0'],
    ['c', 100, 'default from 100'],
    ['c', -1, 'none'],
  ] as const) {
    test(`the deal version for ${affiliateId} at ${occurredAt} is ${expected}`, () => {
      const found = versionInForce(versions, affiliateId, occurredAt);
      assert.equal(found === null ? 'none' : `${found.dealId} from ${found.effectiveFrom}`, expected);
    });
  }

  test('no version of a deal is in force from its end on, and the default deal rates instead', () => {
    const ended = versions.map((one) => ({ ...one, endedAt: one.dealId === 'own' ? 160 : null }));
    assert.equal(versionInForce(ended, 'a', 159)?.dealId, 'own');
    assert.equal(versionInForce(ended, 'a', 160)?.dealId, 'default');
  });

  test('the deal version in force does not depend on reading order', () => {
    const fields = {
      dealId: fc.constantFrom('d1', 'd2', 'd3'),
      affiliateId: fc.constantFrom(null, 'a', 'b'),
      effectiveFrom: fc.nat({ max: 3 }),
    };
    const some = fc.array(fc.record(fields, { noNullPrototype: true }));
    fc.assert(
      fc.property(some, fc.nat({ max: 3 }), (list, at) => {
        assert.deepEqual(versionInForce(list, 'a', at), versionInForce(list.toReversed(), 'a', at));
      }),
    );
  });
});
