// Reads input by a zod schema, and turns every zod issue into an issue of the API.
import type { z } from 'zod';
import { isUsable, type AddedCurrencies } from '../../domain/ledger/currencies.ts';
import type { Caller } from '../../store/access/callers.ts';
import { ApiError, type Issue } from './errors.ts';
import { inOurWords } from './wording.ts';

/** Whose request is read: currencies that the operator added are currencies in it. */
type Of = Pick<Caller, 'currencies'>;

const NOBODY: Of = { currencies: new Map() };

/**
 * The currencies added by the operator whose input is read now. Reading is synchronous, so that
 * other requests never meet them.
 */
let addedHere: AddedCurrencies = NOBODY.currencies;

/** Runs a synchronous reader for an operator. */
export function readingFor<T>({ currencies }: Of, reader: () => T): T {
  addedHere = currencies;
  try {
    return reader();
  } finally {
    addedHere = NOBODY.currencies;
  }
}

/** Whether the operator whose input is read now may use a currency. */
export function isUsableHere(code: string): boolean {
  return isUsable(code, addedHere);
}

/**
 * The parsed value. Throws `invalid_request` with every issue. Without a caller only ISO 4217 codes
 * are currencies.
 */
export function read<S extends z.ZodType>(schema: S, value: unknown, caller = NOBODY): z.output<S> {
  const result = readingFor(caller, () => schema.safeParse(value ?? {}, { error: inOurWords }));
  if (result.success) return result.data;
  throw invalid(issuesFrom(result.error, value));
}

/** The error for a request with these issues. */
export function invalid(
  issues: Issue[],
  code: 'invalid_request' | 'unknown_event' | 'unknown_macro' | 'blocked_address' = 'invalid_request',
): ApiError {
  const [first] = issues;
  const message =
    first === undefined
      ? 'the request is not valid'
      : `${first.path ? `${first.path}: ` : ''}${first.message}`;
  return new ApiError(code, message, { issues });
}

/** The error for a file whose bytes are no text. */
export const notUtf8 = (): ApiError =>
  invalid([{ path: '', code: 'invalid_encoding', message: 'the file must be text in UTF-8' }]);

/** An issue in zod's own form, for a check inside a schema: the code is ours. */
export function problem(code: string, message: string, path: (string | number)[] = []) {
  return { code: 'custom' as const, params: { code }, message, path };
}

/**
 * Turns zod issues into ours, one for each unknown field. `value` is the input, to distinguish a
 * missing field from an invalid one.
 */
export function issuesFrom(error: z.ZodError, value: unknown): Issue[] {
  return error.issues.flatMap((issue): Issue[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key].join('.'),
        code: 'unknown_field',
        message: 'there is no such field',
      }));
    }
    const isMissing = issue.code !== 'custom' && valueAt(value, issue.path) === undefined;
    const message = isMissing ? 'is required' : issue.message;
    return [{ path: path.join('.'), code: isMissing ? 'required' : codeOf(issue), message }];
  });
}

const CODES: Partial<Record<z.core.$ZodIssue['code'], string>> = {
  invalid_type: 'invalid_type',
  too_big: 'too_large',
  too_small: 'too_small',
  invalid_value: 'not_an_option',
};

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom' && typeof issue.params?.['code'] === 'string') return issue.params['code'];
  return CODES[issue.code] ?? 'invalid_format';
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}
