// Logger of API and worker: one JSON line per entry, without secrets.
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

/**
 * Creates a logger that adds the process name to every line and hides secret fields, at the top
 * level and one below.
 */
export function createLogger(level: string, name: string): Logger {
  return pino({
    level,
    name,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_NAMES.flatMap((key) => [key, `*.${key}`]), censor: '[hidden]' },
  });
}
