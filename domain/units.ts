// Units of the rules: parts per million, ten-thousandths of a lot, milliseconds.

/** Rates are parts per million: a sum times its rate is divided by this. */
export const MILLION = 1_000_000n;
/** A percent has 10,000 parts per million, so four decimals of a percent are kept exactly. */
export const PERCENT_DECIMALS = 4;

/** Volumes are ten-thousandths of a lot: a volume times an amount per lot is divided by this. */
export const LOT = 10_000n;
export const VOLUME_DECIMALS = 4;

export const DAY_MS = 86_400_000;
