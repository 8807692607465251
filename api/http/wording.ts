// Wording of what zod finds wrong, where a schema says nothing of its own.
import type { z } from 'zod';

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'must be text',
  number: 'must be a number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  array: 'must be a list',
  object: 'must be an object',
  record: 'must be an object',
};

/** The message of an issue, as callers read it after the path of its field. */
export function inOurWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return expected(issue.expected, issue.input);
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(shown).join(', ')}`;
    case 'too_small':
      return `must ${sizeOf(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${sizeOf(issue.origin, 'at most', issue.maximum)}`;
    case 'invalid_format':
      return 'has not the right form';
    case 'invalid_union':
      return Array.isArray(issue.options)
        ? `must be one of ${issue.options.map(shown).join(', ')}`
        : 'has none of the possible forms';
    case 'invalid_key':
      return 'has a name that is not possible';
    default:
      return undefined;
  }
}

function expected(type: string, input: unknown): string | undefined {
  const must = EXPECTED[type];
  // Amounts above all, whose decimals a JSON number may lose.
  if (type === 'string' && typeof input === 'number') return `${must}: send "${input}"`;
  return must;
}

function sizeOf(origin: string, bound: string, size: number | bigint): string {
  if (origin === 'string') return `have ${bound} ${size} characters`;
  if (origin === 'array' || origin === 'set')
    return `have ${bound} ${size} ${Number(size) === 1 ? 'item' : 'items'}`;
  return `be ${bound} ${size}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}
