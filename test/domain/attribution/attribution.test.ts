// Whose customer somebody is, and which deal version rates what they do.
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

describe('an event', () => {
  const nothing: Evidence = { click: null, binding: null, affiliateExternalId: null };
  const cases: readonly [string, Partial<ConversionEvent>, Partial<Evidence>, string][] = [
    [
      'with a click is its affiliate’s',
      { clickId: 'x' },
      { click: aClick('a') },
      'attributed a click clk_a binds',
    ],
    ['with a binding only is the affiliate’s', {}, { binding: boundTo('b') }, 'attributed b binding null'],
    ['shows the click that bound', {}, { binding: boundTo('b', aClick('b')) }, 'attributed b binding clk_b'],
    [
      'of another click stays',
      { clickId: 'x' },
      { click: aClick('a'), binding: boundTo('b') },
      'attributed b binding null',
    ],
    [
      'of a later click of the same affiliate shows that',
      { clickId: 'y' },
      { click: aClick('b', { id: 'clk_new' }), binding: boundTo('b', aClick('b')) },
      'attributed b click clk_new',
    ],
    [
      'without a customer binds nobody',
      { customerId: null, clickId: 'x' },
      { click: aClick('a') },
      'attributed a click clk_a',
    ],
    ['without evidence waits', {}, {}, 'orphaned no_evidence'],
    ['of a click nobody knows waits', { clickId: 'x' }, {}, 'orphaned unknown_click'],
    [
      'on the last moment of the click window counts',
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
      'of a bound customer has no click window',
      { clickId: 'x' },
      { click: aClick('b', { clickedAt: 0 }), binding: boundTo('b') },
      'attributed b click clk_b',
    ],
    [
      'of an affiliate who is the customer is rejected',
      { clickId: 'x', customerId: 'me' },
      { click: aClick('a'), affiliateExternalId: 'me' },
      'rejected own_referral',
    ],
    [
      'of somebody else whose affiliate has an id counts',
      { clickId: 'x' },
      { click: aClick('a'), affiliateExternalId: 'me' },
      'attributed a click clk_a binds',
    ],
    [
      'with a coupon is its affiliate’s',
      { coupon: 'X' },
      { coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    [
      'with a coupon that binds nobody binds nobody',
      { coupon: 'X' },
      { coupon: couponOf('k', { bindsCustomer: false }) },
      'attributed k coupon null',
    ],
    [
      'with a click and a coupon is the click’s',
      { clickId: 'x' },
      { click: aClick('a'), coupon: couponOf('k') },
      'attributed a click clk_a binds',
    ],
    [
      'with a coupon stays the binding’s',
      {},
      { binding: boundTo('b'), coupon: couponOf('k') },
      'attributed b binding null',
    ],
    [
      'of an expired click is the coupon’s',
      { clickId: 'x' },
      { click: aClick('a', { clickedAt: 0 }), coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    [
      'of a click nobody knows is the coupon’s',
      { clickId: 'x' },
      { coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    ['of a coupon nobody knows waits', { coupon: 'X' }, {}, 'orphaned unknown_coupon'],
    [
      'on the first moment of a coupon counts',
      {},
      { coupon: couponOf('k', { startsAt: NOON }) },
      'attributed k coupon null binds',
    ],
    [
      'before a coupon waits',
      { coupon: 'X' },
      { coupon: couponOf('k', { startsAt: NOON + 1 }) },
      'orphaned unknown_coupon',
    ],
    [
      'at the end of a coupon waits',
      { coupon: 'X' },
      { coupon: couponOf('k', { endsAt: NOON }) },
      'orphaned unknown_coupon',
    ],
    [
      'with the coupon of an affiliate who is the customer is rejected',
      { customerId: 'me' },
      { coupon: couponOf('k', { affiliateExternalId: 'me' }) },
      'rejected own_referral',
    ],
    [
      'with the coupon of somebody else than the affiliate of its expired click is not the latter’s',
      { clickId: 'x', customerId: 'me' },
      { click: aClick('a', { clickedAt: 0 }), affiliateExternalId: 'me', coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    [
      'given away by hand is theirs, whatever turns up later',
      { clickId: 'x' },
      {
        click: aClick('a'),
        coupon: couponOf('k'),
        assignment: { affiliateId: 'm', affiliateExternalId: null },
      },
      'attributed m manual null binds',
    ],
    [
      'given away by hand stays the binding’s',
      {},
      { binding: boundTo('b'), assignment: { affiliateId: 'm', affiliateExternalId: null } },
      'attributed b binding null',
    ],
  ];
  for (const [title, changes, evidence, expected] of cases) {
    test(title, () => {
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
    test(`for ${affiliateId} at ${occurredAt} is ${expected}`, () => {
      const found = versionInForce(versions, affiliateId, occurredAt);
      assert.equal(found === null ? 'none' : `${found.dealId} from ${found.effectiveFrom}`, expected);
    });
  }

  test('never depends on the order they are read in', () => {
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
