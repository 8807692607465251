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
 * Evidence of few affiliates, one of whom may be the customer; the click may be expired, and the
 * coupon over.
 */
const affiliate = fc.constantFrom('a', 'b', 'me');
const evidence = fc.record({
  binding: fc.option(affiliate),
  assignment: fc.option(affiliate),
  click: fc.option(fc.record({ affiliateId: affiliate, isOld: fc.boolean() })),
  coupon: fc.option(fc.record({ affiliateId: affiliate, isOver: fc.boolean() })),
  named: fc.record({ click: fc.boolean(), coupon: fc.boolean() }),
});
type Given = typeof evidence extends fc.Arbitrary<infer Value> ? Value : never;

/** The affiliate `me` is the customer. */
const externalIdOf = (affiliateId: string | null | undefined) => (affiliateId === 'me' ? 'customer' : null);

function attributionOf({ binding, assignment, click, coupon, named }: Given): Attribution {
  const isNamed = named.click || click !== null;
  const event = anEvent({
    customerId: 'customer',
    clickId: isNamed ? 'clk' : null,
    coupon: named.coupon || coupon ? 'CODE' : null,
  });
  const about = (affiliateId: string) => ({ affiliateId, affiliateExternalId: externalIdOf(affiliateId) });
  const found: Evidence = {
    binding:
      binding === null
        ? null
        : { customerId: 'customer', affiliateId: binding, eventId: 'evt_0', click: null },
    click: click && {
      ...click,
      id: 'clk',
      linkId: null,
      subs: SUBS,
      clickedAt: click.isOld ? 0 : NOON - DAY_MS,
    },
    affiliateExternalId: externalIdOf(binding ?? click?.affiliateId),
    ...(coupon && {
      coupon: {
        ...about(coupon.affiliateId),
        bindsCustomer: true,
        startsAt: null,
        endsAt: coupon.isOver ? NOON : null,
      },
    }),
    ...(assignment !== null && { assignment: about(assignment) }),
  };
  return attribute(event, found, WINDOW_DAYS);
}

function candidatesOf({ binding, assignment, click, coupon, named }: Given): AttributionCandidate[] {
  const candidate = (
    kind: AttributionCandidate['kind'],
    affiliateId: string | null,
    isValid = true,
  ): AttributionCandidate => {
    return { kind, id: kind, affiliateId, at: null, isLater: false, isValid, isOwn: affiliateId === 'me' };
  };
  return [
    ...(binding === null ? [] : [candidate('binding', binding)]),
    ...(assignment === null ? [] : [candidate('assignment', assignment)]),
    ...(click || named.click ? [candidate('click', click?.affiliateId ?? null)] : []),
    ...(coupon || named.coupon ? [candidate('coupon', coupon?.affiliateId ?? null, !coupon?.isOver)] : []),
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
        const isOld = kind === 'click' && given.click?.isOld === true;
        const isOver = kind === 'coupon' && given.coupon?.isOver === true;
        if (verdict === 'expired') assert.ok(isOld, `${kind} is said to be too old`);
        assert.equal(verdict === 'not_valid', isOver);
        assert.equal(verdict === 'not_found', affiliateId === null);
        if (verdict === 'agreed')
          assert.ok(attribution.kind === 'attributed' && attribution.affiliateId === affiliateId);
        // Valid evidence in time yields only to stronger evidence.
        if (verdict === 'outranked') assert.ok(stands(considered, kind));
        assert.notEqual(verdict, 'came_later');
      }
    }),
    { numRuns: 2000 },
  );
});

/**
 * Whether a candidate before this one ended attribution, or is a click of the affiliate of the
 * binding.
 */
function stands(considered: readonly JudgedCandidate[], kind: string): boolean {
  const at = considered.findIndex((one) => one.kind === kind);
  const end = considered.findIndex(({ verdict }) => verdict === 'decided' || verdict === 'own_referral');
  return (
    (end >= 0 && end < at) || considered.some((one) => one.kind === 'binding' && one.verdict === 'agreed')
  );
}

test('evidence that arrives after attribution came later, and an event without attribution has no verdicts', () => {
  const late: AttributionCandidate = {
    kind: 'click',
    id: 'clk',
    affiliateId: 'a',
    at: new Date(NOON),
    isLater: true,
    isValid: true,
    isOwn: false,
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
  const dropped: AttributionCandidate = {
    kind: 'click',
    id: 'clk',
    affiliateId: null,
    at: null,
    isLater: false,
    isValid: true,
    isOwn: false,
  };
  const [click] = judgeCandidates([dropped], {
    status: 'settled',
    reason: null,
    method: 'click',
    affiliateId: 'a',
  });
  assert.deepEqual([click?.affiliateId, click?.verdict], ['a', 'decided']);
});
