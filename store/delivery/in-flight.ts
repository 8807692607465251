// A delivery that is being sent, in SQL, for every statement that sends, moves or takes one.

/**
 * Seconds after which an attempt counts as over although nothing is recorded: longer than a request
 * lasts and its record takes, so that only a dead process leaves one behind.
 */
export const SENDING_AT_MOST_SECONDS = 25;

/**
 * Milliseconds after a claim within which the request must start. Later, as after a process stood
 * still, the claim may be over, and another process may be sending.
 */
export const STARTED_WITHIN_MS = 5000;

export const SENDING_FROM_NOW = `now() + interval '${SENDING_AT_MOST_SECONDS} seconds'`;

/**
 * Seconds after the start of an attempt: a claim made by then is its own, or was made for it when
 * its batch was ended. Another process claims later, since the first claim must be over.
 */
const OWN_CLAIM_WITHIN_SECONDS = 10;

/**
 * The claim that is left of the row of `deliveries` when an attempt is recorded that started then:
 * none, unless another process claimed the row while the one that records stood still.
 */
export function claimLeftSql(delivery: string, startedAt: string): string {
  const seconds = SENDING_AT_MOST_SECONDS + OWN_CLAIM_WITHIN_SECONDS;
  const isOfAnother = `${delivery}.sending_until > ${startedAt} + interval '${seconds} seconds'`;
  return `case when ${isOfAnother} then ${delivery}.sending_until end`;
}

/** A condition: nobody sends the row of `deliveries`, or who did is dead. A batch is not noted. */
export function isIdleSql(delivery: string): string {
  return `(${delivery}.sending_until is null or ${delivery}.sending_until <= now())`;
}

/**
 * A condition: the row of `deliveries` is unfinished, or it was given up during an attempt that may
 * still deliver it. What follows it waits.
 */
export function isOpenSql(delivery: string): string {
  return `(${delivery}.owner is not null or not ${isIdleSql(delivery)})`;
}
