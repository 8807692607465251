// Takes lines of an import in as events, by the code that serves requests: the same reading, keys
// and comparison with what is there.
import type { Queryable } from '../../store/db/pool.ts';
import type { EventFields } from '../../store/intake/import-steps.ts';
import type { LineResult } from '../../store/intake/imports.ts';
import type { OperatorRules } from '../../store/access/callers.ts';
import { type ApiError, bodyOf } from '../http/errors.ts';
import { ingest, type IntakeResult } from '../intake/intake.ts';
import { conflictWith, rulesOf, unstorable } from './acceptance.ts';
import { readEvent } from './read-event.ts';

/** Takes lines in on a connection; one result for each, in order. */
export async function takeInLines(
  db: Queryable,
  operator: OperatorRules,
  lines: readonly EventFields[],
): Promise<LineResult[]> {
  const [rules, now] = [rulesOf(operator, 'json'), Date.now()];
  const readings = lines.map((line) => readEvent(withMetadata(line), rules, now));
  const events = readings.flatMap((reading) => (reading.kind === 'event' ? [reading.event] : []));
  const results = events.length === 0 ? [] : await ingest(db, events);
  let next = 0;
  return readings.map((reading) =>
    reading.kind === 'invalid' ? refused(reading.error, null) : resultOf(results[next++]!),
  );
}

/** `metadata` is JSON in its cell; what is no JSON is refused as any other text. */
function withMetadata(line: EventFields): Record<string, unknown> {
  const { metadata, ...rest } = line;
  if (metadata === undefined) return line;
  try {
    return { ...rest, metadata: JSON.parse(metadata) as unknown };
  } catch {
    return line;
  }
}

function resultOf(result: IntakeResult): LineResult {
  switch (result.kind) {
    case 'accepted':
    case 'duplicate':
      return { status: result.kind, eventId: result.id, issues: [] };
    case 'conflict':
      return conflicting(conflictWith(result), result.id);
    case 'refused':
      return refused(unstorable(), null);
  }
}

/** A conflict names the fields that differ, and stays one in its code. */
function conflicting({ message, issues = [] }: ApiError, eventId: string): LineResult {
  const paths = issues.length === 0 ? [''] : issues.map(({ path }) => path);
  return { status: 'refused', eventId, issues: paths.map((path) => ({ path, code: 'conflict', message })) };
}

function refused(error: ApiError, eventId: string | null): LineResult {
  const { code, message, issues = [{ path: '', code, message }] } = bodyOf(error);
  return { status: 'refused', eventId, issues };
}
