// Units of rates, volumes and times: parts per million, ten-thousandths of a lot, millionths of a
// minor unit, milliseconds.

/** Parts per million in a whole: divides an amount times a rate. */
export const MILLION = 1_000_000n;
/** Decimals of a percent: 0.0001 % is one part per million. */
export const PERCENT_DECIMALS = 4;

/** Ten-thousandths in a lot: divides a volume times an amount per lot. */
export const LOT = 10_000n;
/** Decimals of a volume in lots: 0.0001 lot is one unit of volume. */
export const VOLUME_DECIMALS = 4;

/** Milliseconds in an hour. */
export const HOUR_MS = 3_600_000;

/** Decimals of a rate per lot beyond those of a minor unit: 4.125 USD is 412,500,000. */
export const LOT_RATE_DECIMALS = 6;

/** Milliseconds in a day. */
export const DAY_MS = 86_400_000;
