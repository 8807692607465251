// Amounts reported to affiliates per conversion, and adjustments not reported yet.
import type { Unprompted } from '../delivery/messages.ts';

/** The amount reported to an affiliate for a conversion, in minor units. */
export type ReportedAmount = { amountMinor: bigint; currency: string };

/** Key of a reported amount. */
export const reportedKey = (eventId: string, affiliateId: string): string => `${eventId} ${affiliateId}`;

/**
 * A change of an affiliate's part of a conversion. `ownerId`: the conversion's affiliate, of whom
 * the affiliate may be a parent.
 */
type Adjustment = {
  affiliateId: string;
  ownerId: string;
  deltaMinor: bigint;
  currency: string;
  reason: Unprompted;
};

export type ReportedAmounts = {
  /**
   * Adds to the amount reported to an affiliate for a conversion and returns the sum. `currency`
   * applies when nothing was reported before.
   */
  report(eventId: string, affiliateId: string, deltaMinor: bigint, currency: string): ReportedAmount;
  /**
   * Adds an amount reported by an earlier batch, unless this batch has reported the conversion
   * already.
   */
  addEarlier(eventId: string, affiliateId: string, sum: ReportedAmount): void;
  /** Keeps an adjustment until `takeAdjustments`. */
  addAdjustment(eventId: string, adjustment: Adjustment): void;
  /** Removes and returns the adjustments of a conversion; the caller reports them. */
  takeAdjustments(eventId: string): Adjustment[];
  /** By `reportedKey`. */
  readonly reported: ReadonlyMap<string, ReportedAmount>;
  /** Amounts that this batch changed, by `reportedKey`. */
  readonly reportedHere: ReadonlyMap<string, ReportedAmount>;
  /** Conversions with adjustments that are not reported yet. */
  conversionsToAdjust(): string[];
};

export function createReportedAmounts(reportedBefore: ReadonlyMap<string, ReportedAmount>): ReportedAmounts {
  const reported = new Map(reportedBefore);
  const reportedHere = new Map<string, ReportedAmount>();
  const waiting = new Map<string, Map<string, Adjustment>>();

  return {
    reported,
    reportedHere,
    report(eventId, affiliateId, deltaMinor, currency) {
      const key = reportedKey(eventId, affiliateId);
      const before = reported.get(key);
      const sum =
        before && before.amountMinor !== 0n
          ? { ...before, amountMinor: before.amountMinor + deltaMinor }
          : { amountMinor: deltaMinor, currency };
      reported.set(key, sum);
      reportedHere.set(key, sum);
      return sum;
    },
    addEarlier(eventId, affiliateId, sum) {
      const key = reportedKey(eventId, affiliateId);
      if (!reportedHere.has(key)) reported.set(key, sum);
    },
    addAdjustment(eventId, adjustment) {
      const ofConversion = waiting.get(eventId) ?? new Map<string, Adjustment>();
      waiting.set(eventId, ofConversion);
      const { affiliateId, deltaMinor } = adjustment;
      const sum = (ofConversion.get(affiliateId)?.deltaMinor ?? 0n) + deltaMinor;
      ofConversion.set(affiliateId, { ...adjustment, deltaMinor: sum });
    },
    takeAdjustments(eventId) {
      const taken = [...(waiting.get(eventId)?.values() ?? [])];
      waiting.delete(eventId);
      return taken.filter(({ deltaMinor }) => deltaMinor !== 0n);
    },
    conversionsToAdjust: () =>
      [...waiting].flatMap(([id, all]) =>
        [...all.values()].some(({ deltaMinor }) => deltaMinor !== 0n) ? [id] : [],
      ),
  };
}
