// The sums told to affiliates for conversions, and what is still to be told of conversions that won or lost money by another one.

/** The sum told to an affiliate for a conversion. */
export type Told = { payoutMinor: bigint; currency: string };

/** What a sum told is kept under. */
export const toldKey = (eventId: string, affiliateId: string): string => `${eventId} ${affiliateId}`;

/** By how much an affiliate's part of a conversion moved; the conversion is that of `ownerId`, whose parent the affiliate may be. */
export type Adjustment = { affiliateId: string; ownerId: string; deltaMinor: bigint; currency: string };

export type Tellings = {
  /** Adds to what an affiliate was told for a conversion and gives the sum; `currency` is that of a sum that was nothing before. */
  tell(eventId: string, affiliateId: string, deltaMinor: bigint, currency: string): Told;
  /** What was told before for a conversion that was not loaded with the rest; what is told by now stays. */
  remember(eventId: string, affiliateId: string, sum: Told): void;
  /** Keeps what is to be told of a conversion until somebody takes it. */
  adjust(eventId: string, adjustment: Adjustment): void;
  /** What is to be told of a conversion, from now on by whoever asked. */
  takeAdjustments(eventId: string): Adjustment[];
  /** By `toldKey`. */
  readonly told: ReadonlyMap<string, Told>;
  /** What was told here, by `toldKey`. */
  readonly toldHere: ReadonlyMap<string, Told>;
  /** The conversions of which something is to be told. */
  toAdjust(): string[];
};

export function createTellings(toldBefore: ReadonlyMap<string, Told>): Tellings {
  const told = new Map(toldBefore);
  const toldHere = new Map<string, Told>();
  const waiting = new Map<string, Map<string, Adjustment>>();

  return {
    told,
    toldHere,
    tell(eventId, affiliateId, deltaMinor, currency) {
      const key = toldKey(eventId, affiliateId);
      const before = told.get(key);
      const sum =
        before && before.payoutMinor !== 0n
          ? { ...before, payoutMinor: before.payoutMinor + deltaMinor }
          : { payoutMinor: deltaMinor, currency };
      told.set(key, sum);
      toldHere.set(key, sum);
      return sum;
    },
    remember(eventId, affiliateId, sum) {
      const key = toldKey(eventId, affiliateId);
      if (!toldHere.has(key)) told.set(key, sum);
    },
    adjust(eventId, adjustment) {
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
    toAdjust: () =>
      [...waiting].flatMap(([id, all]) =>
        [...all.values()].some(({ deltaMinor }) => deltaMinor !== 0n) ? [id] : [],
      ),
  };
}
