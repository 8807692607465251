// The sums told to affiliates for conversions, and what is still to be told of conversions that won or lost money by another one.

/** The sum told to an affiliate for a conversion. */
export type ReportedAmount = { amountMinor: bigint; currency: string };

/** What a sum told is kept under. */
export const reportedKey = (eventId: string, affiliateId: string): string => `${eventId} ${affiliateId}`;

/** By how much an affiliate's part of a conversion moved; the conversion is that of `ownerId`, whose parent the affiliate may be. */
export type Adjustment = { affiliateId: string; ownerId: string; deltaMinor: bigint; currency: string };

export type ReportedAmounts = {
  /** Adds to what an affiliate was told for a conversion and gives the sum; `currency` is that of a sum that was nothing before. */
  report(eventId: string, affiliateId: string, deltaMinor: bigint, currency: string): ReportedAmount;
  /** What was told before for a conversion that was not loaded with the rest; what is told by now stays. */
  addEarlier(eventId: string, affiliateId: string, sum: ReportedAmount): void;
  /** Keeps what is to be told of a conversion until somebody takes it. */
  addAdjustment(eventId: string, adjustment: Adjustment): void;
  /** What is to be told of a conversion, from now on by whoever asked. */
  takeAdjustments(eventId: string): Adjustment[];
  /** By `toldKey`. */
  readonly reported: ReadonlyMap<string, ReportedAmount>;
  /** What was told here, by `toldKey`. */
  readonly reportedHere: ReadonlyMap<string, ReportedAmount>;
  /** The conversions of which something is to be told. */
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
