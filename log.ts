// Logger of API and worker: one JSON line per entry, without secrets.
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

const SECRET_NAMES = [
  'authorization',
  'adminToken',
  'apiKey',
  'api_key',
  'secret',
  'secrets',
  'secretsKey',
  'password',
  'databaseUrl',
];

/**
 * Names what is logged of an error. Other properties are left out: PostgreSQL's `detail` quotes
 * rows, and so customers' data.
 */
function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? { code: error.code } : {};
  return { type: name, message, ...code, stack, ...(cause instanceof Error && { cause: errorOf(cause) }) };
}

/**
 * Creates a logger that adds the process name to every line and hides secret fields, at the top
 * level and one below. `destination`: standard output, if not given.
 */
export function createLogger(level: string, name: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      name,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap((key) => [key, `*.${key}`]), censor: '[hidden]' },
      // Temporal's SDK logs errors as `error`.
      serializers: { err: errorOf, error: errorOf },
    },
    destination ?? pino.destination(1),
  );
}
