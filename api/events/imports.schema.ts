// Requests of imports: the header of a file, and which of its results are shown.
import { z } from 'zod';
import { LINE_STATUSES } from '../../store/intake/imports.ts';
import { checkHeader, columnName } from '../http/csv-table.ts';
import { page } from '../http/lists.ts';
import { invalid } from '../http/read.ts';
import { POSTBACK_FIELDS } from './postback.schema.ts';

/** The columns that a file may have: the fields of an event, `metadata` as JSON. */
export const IMPORT_FIELDS = [...POSTBACK_FIELDS, 'metadata'] as const;

/**
 * The fields of a header's columns. Throws `invalid_request` for an unknown one, whose data would
 * be lost.
 */
export function fieldsOf(header: readonly string[]): string[] {
  const names = header.map(columnName);
  const unknown = names.filter((name) => !(IMPORT_FIELDS as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw invalid(
      unknown.map((path) => ({ path, code: 'unknown_field', message: 'there is no such field' })),
    );
  checkHeader(names, IMPORT_FIELDS, ['event']);
  return names;
}

/** The cursor is the number of the last line that was shown. */
export const linePage = z.strictObject({
  ...page,
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, 'is not a cursor of this list')
    .optional(),
  status: z.enum(LINE_STATUSES).optional(),
});
