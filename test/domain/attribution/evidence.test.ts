// Verdicts on attribution candidates, compared with the rule that attributes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attribute, type Attribution, type Evidence } from '../../../domain/attribution/attribution.ts';
import {
  judgeCandidates,
  type AttributionOutcome,
  type JudgedCandidate,
  type AttributionCandidate,
} from '../../../domain/attribution/evidence.ts';
import { anEvent, DAY_MS, NOON } from '../../support/builders.ts';

const WINDOW_DAYS = 30;
const SUBS = [null, null, null, null, null] as const;

/**
 * Evidence of few affiliates, one of whom may be the customer and one closed; the click may be
 * expired or later than the event, the binding later, the coupon over, and the customer known.
 */
const affiliate = fc.constantFrom('a', 'b', 'me', 'closed');
const evidence = fc.record({
  reassignment: fc.option(affiliate, { freq: 1 }),
  binding: fc.option(fc.record({ affiliateId: affiliate, isAfter: fc.boolean() })),
  assignment: fc.option(affiliate),
  click: fc.option(
    fc.record({
      affiliateId: affiliate,
      clicked: fc.constantFrom('in time', 'too early', 'after the event'),
    }),
  ),
  coupon: fc.option(fc.record({ affiliateId: affiliate, isOver: fc.boolean() })),
  named: fc.record({ click: fc.boolean(), coupon: fc.boolean() }),
  isKnown: fc.boolean(),
});
type Given = typeof evidence extends fc.Arbitrary<infer Value> ? Value : never;

const CLICKED_AT = {
  'in time': NOON - DAY_MS,
  'too early': NOON - 40 * DAY_MS,
  'after the event': NOON + DAY_MS,
};
/** Before each click in time, and after one too early. */
const KNOWN_SINCE = NOON - 3 * DAY_MS;

/** The affiliate `me` is the customer, and `closed` is closed. */
const partyOf = (affiliateId: string) => ({
  affiliateId,
  affiliateExternalId: affiliateId === 'me' ? 'customer' : null,
  affiliateClosedAt: affiliateId === 'closed' ? 0 : null,
});

function attributionOf(given: Given): Attribution {
  const { reassignment, binding, assignment, click, coupon, named, isKnown } = given;
  const isNamed = named.click || click !== null;
  const event = anEvent({
    customerId: 'customer',
    clickId: isNamed ? 'clk' : null,
    coupon: named.coupon || coupon ? 'CODE' : null,
  });
  const found: Evidence = {
    binding: binding && {
      ...partyOf(binding.affiliateId),
      customerId: 'customer',
      eventId: 'evt_0',
      occurredAt: binding.isAfter ? NOON + DAY_MS : 0,
      click: null,
      since: binding.isAfter ? NOON + DAY_MS : 0,
    },
    click: click && {
      ...partyOf(click.affiliateId),
      id: 'clk',
      linkId: null,
      subs: SUBS,
      clickedAt: CLICKED_AT[click.clicked],
    },
    ...(coupon && {
      coupon: {
        ...partyOf(coupon.affiliateId),
        bindsCustomer: true,
        startsAt: null,
        endsAt: coupon.isOver ? NOON : null,
      },
    }),
    ...(assignment !== null && { assignment: partyOf(assignment) }),
    ...(reassignment !== null && { reassignments: [{ ...partyOf(reassignment), from: 0 }] }),
    ...(isKnown && { knownSince: KNOWN_SINCE }),
  };
  return attribute(event, found, WINDOW_DAYS);
}

const FACTS = {
  at: null,
  isLater: false,
  isValid: true,
  isAfterEvent: false,
  isClosed: false,
  isKnownCustomer: false,
  isOwn: false,
};

function candidatesOf(given: Given): AttributionCandidate[] {
  const { reassignment, binding, assignment, click, coupon, named, isKnown } = given;
  const candidate = (
    kind: AttributionCandidate['kind'],
    affiliateId: string | null,
    facts: Partial<AttributionCandidate> = {},
  ): AttributionCandidate => {
    const of = { isClosed: affiliateId === 'closed', isOwn: affiliateId === 'me' };
    return { ...FACTS, kind, id: kind, affiliateId, ...of, ...facts };
  };
  const isKnownByClick = isKnown && click !== null && KNOWN_SINCE < CLICKED_AT[click.clicked];
  return [
    ...(reassignment === null ? [] : [candidate('reassignment', reassignment)]),
    ...(binding === null
      ? []
      : [candidate('binding', binding.affiliateId, { isAfterEvent: binding.isAfter })]),
    ...(assignment === null ? [] : [candidate('assignment', assignment)]),
    ...(click || named.click
      ? [
          candidate('click', click?.affiliateId ?? null, {
            isAfterEvent: click?.clicked === 'after the event',
            isKnownCustomer: isKnownByClick,
          }),
        ]
      : []),
    ...(coupon || named.coupon
      ? [
          candidate('coupon', coupon?.affiliateId ?? null, {
            isValid: !coupon?.isOver,
            isKnownCustomer: isKnown && coupon !== null,
          }),
        ]
      : []),
  ];
}

function keptOf(attribution: Attribution): AttributionOutcome {
  if (attribution.kind !== 'attributed')
    return { status: attribution.kind, reason: attribution.reason, method: null, affiliateId: null };
  const { affiliateId, method } = attribution;
  return { status: 'settled', reason: null, method, affiliateId };
}

test('verdicts on any evidence agree with the rule of attribution', () => {
  fc.assert(
    fc.property(evidence, (given) => {
      const attribution = attributionOf(given);
      const considered = judgeCandidates(candidatesOf(given), keptOf(attribution));
      const by = (verdict: string) => considered.filter((one) => one.verdict === verdict);
      assert.deepEqual(
        by('decided').map(({ affiliateId }) => affiliateId),
        attribution.kind === 'attributed' ? [attribution.affiliateId] : [],
      );
      const isOwn = attribution.kind === 'rejected' && attribution.reason === 'own_referral';
      assert.deepEqual(
        by('own_referral').map(({ affiliateId }) => affiliateId),
        isOwn ? ['me'] : [],
      );
      for (const { kind, affiliateId, verdict } of considered) {
        const isOld = kind === 'click' && given.click?.clicked === 'too early';
        const isOver = kind === 'coupon' && given.coupon?.isOver === true;
        const isAfter =
          (kind === 'click' && given.click?.clicked === 'after the event') ||
          (kind === 'binding' && given.binding?.isAfter === true);
        const isClosed = affiliateId === 'closed';
        if (verdict === 'expired') assert.ok(isOld, `${kind} is said to be too old`);
        assert.equal(verdict === 'not_valid', isOver);
        assert.equal(verdict === 'not_found', affiliateId === null);
        assert.equal(verdict === 'before_click', isAfter);
        assert.equal(verdict === 'affiliate_closed', isClosed && !isOver && !isAfter);
        if (verdict === 'existing_customer')
          assert.ok(given.isKnown && (kind === 'click' || kind === 'coupon'));
        if (verdict === 'agreed')
          assert.ok(attribution.kind === 'attributed' && attribution.affiliateId === affiliateId);
        // Valid evidence in time yields only to stronger evidence.
        if (verdict === 'outranked') assert.ok(stands(considered, kind));
        assert.notEqual(verdict, 'came_later');
      }
    }),
    { numRuns: 5000 },
  );
});

/**
 * Whether a candidate before this one ended attribution, or the customer is an affiliate's: of one
 * that agrees with the deciding click, or of a closed one.
 */
function stands(considered: readonly JudgedCandidate[], kind: string): boolean {
  const at = considered.findIndex((one) => one.kind === kind);
  const end = considered.findIndex(({ verdict }) => verdict === 'decided' || verdict === 'own_referral');
  const owners = considered.filter((one) => one.kind === 'binding' || one.kind === 'reassignment');
  return (
    (end >= 0 && end < at) ||
    owners.some(({ verdict }) => verdict === 'agreed' || verdict === 'affiliate_closed')
  );
}

test('evidence that arrives after attribution came later, and an event without attribution has no verdicts', () => {
  const late: AttributionCandidate = {
    ...FACTS,
    kind: 'click',
    id: 'clk',
    affiliateId: 'a',
    at: new Date(NOON),
    isLater: true,
  };
  const orphan: AttributionOutcome = {
    status: 'orphaned',
    reason: 'unknown_click',
    method: null,
    affiliateId: null,
  };
  assert.deepEqual(
    judgeCandidates([late], orphan).map(({ verdict }) => verdict),
    ['came_later'],
  );
  assert.deepEqual(
    judgeCandidates([late], {
      ...orphan,
      status: 'settled',
      reason: null,
      method: 'coupon',
      affiliateId: 'b',
    }).map(({ verdict }) => verdict),
    ['came_later'],
  );
  for (const [status, reason] of [
    ['accepted', null],
    ['set_aside', 'no_exchange_rate'],
    ['rejected', 'no_exchange_rate'],
  ] as const)
    assert.deepEqual(judgeCandidates([late], { ...orphan, status, reason }), [], status);
});

test('the verdict on an expired click takes the affiliate from the outcome', () => {
  const dropped: AttributionCandidate = { ...FACTS, kind: 'click', id: 'clk', affiliateId: null };
  const [click] = judgeCandidates([dropped], {
    status: 'settled',
    reason: null,
    method: 'click',
    affiliateId: 'a',
  });
  assert.deepEqual([click?.affiliateId, click?.verdict], ['a', 'decided']);
});
