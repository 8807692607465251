// `ConflictError` and `isConflict`: a concurrent transaction won, and the caller begins its own
// again.
import { isDeadlock, isRefusal, isSerializationFailure } from './pg-errors.ts';

/**
 * A concurrent transaction wrote a row that only one may write; the caller rolls back and begins
 * again.
 */
export class ConflictError extends Error {}

/**
 * How often a transaction begins again after a conflict. Each time another one committed, so work
 * was done.
 */
export const RETRIES_AFTER_CONFLICT = 8;

/**
 * Whether the transaction lost to a concurrent one and can begin again, to see what that one wrote:
 * a row that only one may write, a deadlock, a serialization failure, or the key that makes a
 * transfer unique.
 */
export function isConflict(error: unknown): boolean {
  const isKeyTaken = isRefusal(error) && error.constraint === 'transfers_idempotency';
  return error instanceof ConflictError || isDeadlock(error) || isSerializationFailure(error) || isKeyTaken;
}
