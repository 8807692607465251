// Form of a batch of events: a JSON list, or lines of JSON. Each event is read by itself, also
// where its line is not valid JSON.
import { z } from 'zod';
import { ApiError } from '../http/errors.ts';
import { invalid, read } from '../http/read.ts';

export const BATCH_LIMIT = 1000;

export type BatchLine = { kind: 'value'; value: unknown } | { kind: 'invalid'; error: ApiError };

const batch = z.strictObject({
  events: z.array(z.unknown()).max(BATCH_LIMIT, `a batch holds at most ${BATCH_LIMIT} events`),
});

/**
 * The events of a body; text is read as lines of JSON, without empty ones. Throws `invalid_request`
 * where the body is no batch.
 */
export function batchOf(body: unknown): BatchLine[] {
  if (typeof body !== 'string') return read(batch, body).events.map((value) => ({ kind: 'value', value }));
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > BATCH_LIMIT)
    throw invalid([{ path: '', code: 'too_large', message: `a batch holds at most ${BATCH_LIMIT} events` }]);
  return lines.map(lineOf);
}

function lineOf(line: string): BatchLine {
  try {
    return { kind: 'value', value: JSON.parse(line) as unknown };
  } catch {
    return { kind: 'invalid', error: new ApiError('invalid_request', 'this line is not valid JSON') };
  }
}
