// A delivery that is being sent, in SQL, for every statement that sends, moves or takes one.

/**
 * Seconds after which an attempt counts as over although nothing is recorded: longer than a request
 * lasts and its record takes, so that only a dead process leaves one behind.
 */
export const SENDING_AT_MOST_SECONDS = 25;

/** A condition: nobody sends the row of `deliveries`, or who did is dead. A batch is not noted. */
export function isIdleSql(delivery: string): string {
  return `(${delivery}.sending_until is null or ${delivery}.sending_until <= now())`;
}
