// The logger of both processes: one JSON line per thing that happened, without secrets.
import { pino, type Logger } from 'pino';

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

/** A logger that names its process on every line and hides what must not be read, at the top of a line and one level below. */
export function createLogger(level: string, name: string): Logger {
  return pino({
    level,
    name,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_NAMES.flatMap((key) => [key, `*.${key}`]), censor: '[hidden]' },
  });
}
