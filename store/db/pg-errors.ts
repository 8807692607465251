// Tells an outage, which passes and may be tried again, from a mistake, which does not.

/** SQLSTATE classes: 08 connection, 53 resources, 57P administrator's shutdown and start-up; and the codes of waits that were cut short. */
const OUTAGE_STATES = /^(08...|53...|57P..|57014|55P03|40001|40P01)$/;
const NETWORK_CODES: ReadonlySet<string> = new Set(
  'ECONNREFUSED ECONNRESET ETIMEDOUT EPIPE EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN ENOENT'.split(' '),
);
/** What the driver itself says has no code. */
const DRIVER_MESSAGES =
  /^(timeout exceeded when trying to connect|timeout expired|Query read timeout|Connection terminated|Client has encountered a connection error|Client was closed)/;

/** Whether an exception of the driver means that PostgreSQL is away, shutting down, or too busy to answer in time. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A name with several addresses fails with all of their failures in one.
  if (error instanceof AggregateError) return error.errors.some(isOutage);
  const code = codeOf(error);
  return (
    NETWORK_CODES.has(code) ||
    OUTAGE_STATES.test(code) ||
    (code === '' && DRIVER_MESSAGES.test(error.message))
  );
}

/** Whether PostgreSQL refused a row for what it says (data exceptions, broken constraints): the same row would be refused again. */
export function isRefusal(error: unknown): error is Error & { code: string; constraint?: string } {
  return /^2[23]/.test(codeOf(error));
}

/** Whether this transaction was ended so that another could go on: the same again may succeed. */
export function isDeadlock(error: unknown): boolean {
  return codeOf(error) === '40P01';
}

export function isSerializationFailure(error: unknown): boolean {
  return codeOf(error) === '40001';
}

/** The SQLSTATE or network code that an exception carries; empty where there is none. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
