// Classifies errors of PostgreSQL and its driver: an outage passes and may be retried, a refusal of
// a row does not.

/**
 * SQLSTATE classes 08 (connection), 53 (resources) and 57P (shutdown, start-up), and the codes of
 * cancelled statements, lock timeouts, serialization failures and deadlocks.
 */
const OUTAGE_STATES = /^(08...|53...|57P..|57014|55P03|40001|40P01)$/;
const NETWORK_CODES: ReadonlySet<string> = new Set(
  'ECONNREFUSED ECONNRESET ETIMEDOUT EPIPE EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN ENOENT'.split(' '),
);
/** Messages of errors that the driver raises itself, which have no code. */
const DRIVER_MESSAGES = [
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
];

/**
 * Whether the error means that PostgreSQL is unreachable, shutting down, or too busy to answer in
 * time.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A host name with several addresses fails with one error for all of them.
  if (error instanceof AggregateError) return error.errors.some(isOutage);
  const code = codeOf(error);
  return (
    NETWORK_CODES.has(code) ||
    OUTAGE_STATES.test(code) ||
    (code === '' && DRIVER_MESSAGES.some((text) => error.message.startsWith(text)))
  );
}

/**
 * Whether PostgreSQL refused a row for its content (data exception, violated constraint): the same
 * row would be refused again.
 */
export function isRefusal(error: unknown): error is Error & { code: string; constraint?: string } {
  return /^2[23]/.test(codeOf(error));
}

/** Whether a lock was not free in time; a retry may find it free. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === '55P03';
}

/** Whether PostgreSQL aborted this transaction to resolve a deadlock; a retry may succeed. */
export function isDeadlock(error: unknown): boolean {
  return codeOf(error) === '40P01';
}

/** Whether a concurrent transaction made this one fail to serialize; a retry may succeed. */
export function isSerializationFailure(error: unknown): boolean {
  return codeOf(error) === '40001';
}

/** SQLSTATE or network code of an error; empty when the error has none. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
