// Vocabulary of `*.operations.ts`: how one operation is described for the OpenAPI document.
import { z } from 'zod';
import { listOf } from './answer-fields.ts';
import type { Scope } from './admission.ts';
import { columnsOf, headerOf } from './csv.ts';
import type { ErrorCode } from './errors.ts';
import type { Own } from './own.ts';

/** The sections of the document, in their order. */
export const TAGS = ['Events', 'Links and clicks', 'Setup', 'Postbacks', 'Money', 'This API'] as const;
export type Tag = (typeof TAGS)[number];

/** Schemas by media type. */
export type Content = Record<string, z.ZodType>;

export type Answer = { description: string; content?: Content; headers?: Record<string, string> };

export type Operation = {
  /** Its name in clients, a verb and a noun: the `operationId`. */
  id: string;
  summary: string;
  description?: string;
  /** The scope of the key, the administrator token, or no key. */
  who: Scope | 'admin' | 'anybody';
  /** What it takes of an affiliate's key. Without it the operation is closed to affiliates. */
  own?: Own;
  /** The key may also be the parameter `key`. */
  keyInQuery?: true;
  /** May be signed; must be where the operator requires it. */
  signable?: true;
  query?: z.ZodObject;
  /** Request headers with their meaning. */
  headers?: Record<string, string>;
  /** With an example of each media type. */
  body?: { content: Content; required: boolean; examples: Record<string, unknown> };
  answers: Record<number, Answer>;
  /**
   * Error codes besides those that follow from the rest: see `refusalsOf` in `openapi/refusals.ts`.
   */
  refusals?: readonly ErrorCode[];
};

/** Operations by method and path, as Express writes it: `GET /v1/events/:id`. */
export type Operations = Record<string, Operation>;

/** A JSON body with an example that is accepted. The body is optional where every field is. */
export function jsonRequest(schema: z.ZodType, example: object): NonNullable<Operation['body']> {
  return {
    content: { 'application/json': schema },
    required: !schema.safeParse({}).success,
    examples: { 'application/json': example },
  };
}

/** A JSON answer. */
export function jsonAnswer(schema: z.ZodType, description = 'as it is now'): Answer {
  return { description, content: { 'application/json': schema } };
}

/** CSV with a column for each field of a row. */
export function csvWith(row: z.ZodObject): z.ZodType {
  return z.string().meta({
    description: 'a header with these columns, and a line for each row',
    examples: [headerOf(columnsOf(row))],
  });
}

/** A page of a list as JSON, with what `more` says beside it, or many in one as CSV. */
export function listAnswer(row: z.ZodObject, more: z.ZodRawShape = {}): Answer {
  return {
    description:
      'a page as JSON; as CSV, where `Accept` asks for it, up to 25 pages of 200 in one, or `limit` rows',
    headers: { link: 'the next page, `rel="next"`; none on the last' },
    content: { 'application/json': listOf(row).extend(more), 'text/csv': csvWith(row) },
  };
}

/** A list without pages as JSON, with what `more` says beside it, or as CSV. */
export function wholeListAnswer(
  row: z.ZodObject,
  more: z.ZodRawShape = {},
  { as = 'data', description = 'as it is now, as JSON or CSV' } = {},
): Answer {
  const json = z.object({ [as]: z.array(row) }).extend(more);
  return { description, content: { 'application/json': json, 'text/csv': csvWith(row) } };
}

export const deleted: Record<number, Answer> = { 204: { description: 'done' } };

/**
 * An operation without a body that changes the state of one thing, where its present state allows
 * that.
 */
export function action(id: string, summary: string, answer: Answer, own?: Own): Operation {
  return {
    id,
    summary,
    who: 'manage',
    ...(own && { own }),
    answers: { 200: answer },
    refusals: ['not_possible'],
  };
}
