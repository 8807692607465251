// Attribution of events, and the deal version in force.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  attribute,
  versionInForce,
  type Attribution,
  type Evidence,
} from '../../../domain/attribution/attribution.ts';
import type { Binding, Click, ConversionEvent, Coupon, Reassignment } from '../../../domain/types.ts';
import { anEvent, DAY_MS, NOON } from '../../support/builders.ts';

const HOUR_MS = DAY_MS / 24;

const WINDOW_DAYS = 30;

function aClick(affiliateId: string, changes: Partial<Click> = {}): Click {
  const subs = [null, null, null, null, null] as const;
  return { id: `clk_${affiliateId}`, affiliateId, linkId: null, subs, clickedAt: NOON - DAY_MS, ...changes };
}

function boundTo(affiliateId: string, click: Click | null = null, changes: Partial<Binding> = {}): Binding {
  const since = changes.since ?? NOON - 2 * DAY_MS;
  return { customerId: 'c', affiliateId, eventId: 'evt_0', occurredAt: since, click, since, ...changes };
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
  const nothing: Evidence = { click: null, binding: null };
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
      { click: aClick('a', { affiliateExternalId: 'me' }) },
      'rejected own_referral',
    ],
    [
      'is attributed when the affiliate of the click is another person than the customer',
      { clickId: 'x' },
      { click: aClick('a', { affiliateExternalId: 'me' }) },
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
      { click: aClick('a', { clickedAt: 0, affiliateExternalId: 'me' }), coupon: couponOf('k') },
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
      assert.equal(wordsOf(attribute(anEvent(changes), { ...nothing, ...evidence }, WINDOW_DAYS)), expected);
    });
  }
});

/** A result in words: `attributed a click clk_a binds`, or `orphaned no_evidence`. */
function wordsOf(result: Attribution): string {
  if (result.kind !== 'attributed') return `${result.kind} ${result.reason}`;
  const { kind, affiliateId, method, click, binds } = result;
  return [kind, affiliateId, method, click?.id ?? 'null', ...(binds ? ['binds'] : [])].join(' ');
}

describe('time decides whose an event is', () => {
  const nothing: Evidence = { click: null, binding: null };
  const later = NOON + HOUR_MS + 1;
  const clickAt = (clickedAt: number) => aClick('a', { clickedAt });
  const since = (moment: number) => boundTo('b', null, { since: moment });
  const moved = (affiliateId: string, from: number, changes: Partial<Reassignment> = {}) => {
    return { affiliateId, from, ...changes };
  };
  const assigned = { affiliateId: 'm', affiliateExternalId: null };
  const closed = { affiliateClosedAt: NOON };
  const named = { clickId: 'x' };
  const cases: readonly [string, Partial<ConversionEvent>, Partial<Evidence>, string][] = [
    [
      "an hour before its click is the click's",
      named,
      { click: clickAt(NOON + HOUR_MS) },
      'attributed a click clk_a binds',
    ],
    [
      "more than an hour before its click is nobody's",
      named,
      { click: clickAt(later) },
      'orphaned before_click',
    ],
    [
      "an hour before the binding is the binding's",
      {},
      { binding: since(NOON + HOUR_MS) },
      'attributed b binding null',
    ],
    [
      "more than an hour before the binding is nobody's",
      {},
      { binding: since(later) },
      'orphaned before_click',
    ],
    [
      'before the event that bound its customer binds the customer by its own click instead',
      named,
      { click: clickAt(NOON), binding: since(later) },
      'attributed a click clk_a binds',
    ],
    [
      'before the event that bound its customer binds the customer by its own coupon instead',
      { coupon: 'X' },
      { coupon: couponOf('k'), binding: since(later) },
      'attributed k coupon null binds',
    ],
    [
      'before the event that bound its customer binds the customer by an assignment instead',
      {},
      { assignment: assigned, binding: since(later) },
      'attributed m manual null binds',
    ],
    [
      'before the event that bound its customer binds by its click, though the binding reaches it',
      named,
      { click: clickAt(NOON), binding: { ...since(NOON - DAY_MS), occurredAt: later } },
      'attributed a click clk_a binds',
    ],
    [
      'at the moment of the event that bound its customer, and received later, stays with the binding',
      named,
      { click: clickAt(NOON), binding: { ...since(NOON - DAY_MS), occurredAt: NOON } },
      'attributed b binding null',
    ],
    [
      "assigned by hand is the affiliate's though its click is later",
      named,
      { click: clickAt(later), assignment: assigned },
      'attributed m manual null binds',
    ],
    [
      'with a later click of the affiliate of the binding does not show that click',
      named,
      { click: aClick('b', { clickedAt: later }), binding: since(NOON) },
      'attributed b binding null',
    ],
    [
      'with an expired click before the binding is rejected',
      named,
      { click: clickAt(0), binding: since(later) },
      'rejected click_expired',
    ],
    [
      'with an unknown click before the binding can still be mended',
      named,
      { binding: since(later) },
      'orphaned unknown_click',
    ],
    [
      'with an unknown coupon before the binding can still be mended',
      { coupon: 'X' },
      { binding: since(later) },
      'orphaned unknown_coupon',
    ],
    [
      'with a later click and an unknown coupon is before its click',
      { ...named, coupon: 'X' },
      { click: clickAt(later) },
      'orphaned before_click',
    ],

    [
      'of a known customer is not that of a later click',
      named,
      { click: clickAt(NOON), knownSince: NOON - HOUR_MS - 1 },
      'orphaned existing_customer',
    ],
    [
      "of a customer known an hour before the click is the click's",
      named,
      { click: clickAt(NOON), knownSince: NOON - HOUR_MS },
      'attributed a click clk_a binds',
    ],
    [
      'of a known customer is not that of a coupon',
      { coupon: 'X' },
      { coupon: couponOf('k'), knownSince: NOON - HOUR_MS - 1 },
      'orphaned existing_customer',
    ],
    [
      'of a known customer can be assigned by hand',
      named,
      { click: clickAt(NOON), knownSince: 0, assignment: assigned },
      'attributed m manual null binds',
    ],
    [
      'of a known customer who is bound stays with the binding',
      named,
      { click: clickAt(NOON), knownSince: 0, binding: since(NOON) },
      'attributed b binding null',
    ],
    [
      'of a customer known before it with an expired click is of an existing customer by its coupon',
      { ...named, coupon: 'X' },
      { click: clickAt(0), coupon: couponOf('k'), knownSince: 0 },
      'orphaned existing_customer',
    ],

    [
      'from a reassignment on belongs to its affiliate',
      {},
      { binding: since(0), reassignments: [moved('r', NOON)] },
      'attributed r reassigned null',
    ],
    [
      'a millisecond before a reassignment stays with the binding',
      {},
      { binding: since(0), reassignments: [moved('r', NOON + 1)] },
      'attributed b binding null',
    ],
    [
      'after two reassignments belongs to the later one',
      {},
      { reassignments: [moved('r', NOON - 1), moved('s', NOON - 2)] },
      'attributed r reassigned null',
    ],
    [
      'after two reassignments of one moment belongs to the last one',
      {},
      { reassignments: [moved('r', NOON), moved('s', NOON)] },
      'attributed s reassigned null',
    ],
    [
      'reassigned to the affiliate of its click shows the click',
      named,
      { click: clickAt(NOON), reassignments: [moved('a', NOON)] },
      'attributed a reassigned clk_a binds',
    ],
    [
      "reassigned to the customer's own account is rejected",
      { customerId: 'me' },
      { reassignments: [moved('r', NOON, { affiliateExternalId: 'me' })] },
      'rejected own_referral',
    ],

    [
      "is nobody's from the moment its affiliate is closed",
      named,
      { click: aClick('a', closed) },
      'orphaned affiliate_closed',
    ],
    [
      "a millisecond before its affiliate is closed is the affiliate's",
      named,
      { click: aClick('a', { affiliateClosedAt: NOON + 1 }) },
      'attributed a click clk_a binds',
    ],
    [
      'with a click of a closed affiliate and a coupon belongs to the coupon',
      named,
      { click: aClick('a', closed), coupon: couponOf('k') },
      'attributed k coupon null binds',
    ],
    [
      "bound to a closed affiliate is nobody's, whatever it clicked since",
      named,
      { click: aClick('a'), binding: boundTo('b', null, closed) },
      'orphaned affiliate_closed',
    ],
    [
      'bound to a closed affiliate can be assigned by hand',
      {},
      { assignment: assigned, binding: boundTo('b', null, closed) },
      'attributed m manual null',
    ],
    [
      "reassigned to a closed affiliate is nobody's",
      {},
      { binding: boundTo('b'), reassignments: [moved('r', 0, closed)] },
      'orphaned affiliate_closed',
    ],
    [
      'reassigned from a closed affiliate belongs to the new one',
      {},
      { binding: boundTo('b', null, closed), reassignments: [moved('r', 0)] },
      'attributed r reassigned null',
    ],
    [
      "assigned to a closed affiliate is nobody's",
      {},
      { assignment: { ...assigned, ...closed } },
      'orphaned affiliate_closed',
    ],

    [
      'that bound its customer by a coupon keeps that method when it is settled again',
      { id: 'evt_0', coupon: 'X' },
      { coupon: couponOf('k'), binding: boundTo('k') },
      'attributed k coupon null',
    ],
    [
      'that bound its customer stays with the binding when its coupon is gone',
      { id: 'evt_0', coupon: 'X' },
      { binding: boundTo('k') },
      'attributed k binding null',
    ],
  ];
  for (const [title, changes, evidence, expected] of cases) {
    test(`an event ${title}`, () => {
      assert.equal(wordsOf(attribute(anEvent(changes), { ...nothing, ...evidence }, WINDOW_DAYS)), expected);
    });
  }

  for (const [title, changes, evidence, expected] of [
    ['by a click begins with the click', named, { click: clickAt(NOON - 5) }, NOON - 5],
    ['by a coupon begins with the event', { coupon: 'X' }, { coupon: couponOf('k') }, NOON],
    ['by an assignment begins with the event', {}, { assignment: assigned }, NOON],
    ['by an assignment with a date begins with the date', {}, { assignment: { ...assigned, from: 7 } }, 7],
  ] as const) {
    test(`a binding ${title}`, () => {
      const result = attribute(anEvent(changes), { ...nothing, ...evidence }, WINDOW_DAYS);
      assert.equal(result.kind === 'attributed' && result.binds?.since, expected);
    });
  }

  test('no evidence decides about an event more than an hour before it', () => {
    const moment = fc.integer({ min: NOON - 40 * DAY_MS, max: NOON + 3 * HOUR_MS });
    const given = fc.record({
      click: fc.option(moment),
      binding: fc.option(moment),
      coupon: fc.option(moment),
      move: fc.option(moment),
    });
    fc.assert(
      fc.property(given, ({ click, binding, coupon, move }) => {
        const result = attribute(
          anEvent({ clickId: 'x', coupon: 'X' }),
          {
            click: click === null ? null : clickAt(click),
            binding: binding === null ? null : since(binding),
            ...(coupon !== null && { coupon: couponOf('k', { startsAt: coupon }) }),
            ...(move !== null && { reassignments: [moved('r', move)] }),
          },
          WINDOW_DAYS,
        );
        if (result.kind !== 'attributed') return;
        const began = { a: click! - HOUR_MS, b: binding! - HOUR_MS, k: coupon!, r: move! }[
          result.affiliateId
        ];
        assert.ok(began! <= NOON, `${result.affiliateId} began at ${began}`);
      }),
      { numRuns: 2000 },
    );
  });
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
