// What is said of one operation of the API: the vocabulary in which `operations/` describes them, and `document.ts` reads them.
import type { z } from 'zod';
import type { Scope } from '../http/admission.ts';
import type { ErrorCode } from '../http/errors.ts';

/** Schemas by media type. */
export type Content = Record<string, z.ZodType>;

export type Answer = { description: string; content?: Content; headers?: Record<string, string> };

export type Operation = {
  summary: string;
  description?: string;
  /** A key with this scope, the administrator's token, or anybody. */
  who: Scope | 'admin' | 'anybody';
  /** The key may also be the parameter `key`. */
  keyInQuery?: true;
  /** May be signed, or must be, where the operator says so. */
  signable?: true;
  query?: z.ZodObject;
  /** Request headers with what they mean. */
  headers?: Record<string, string>;
  /** `example` is JSON. */
  body?: { content: Content; required: boolean; example?: object };
  answers: Record<number, Answer>;
  /** How it is refused, besides what follows from the rest: see `refusalsOf` in `document.ts`. */
  refusals?: readonly ErrorCode[];
};

/** Operations by method and path, as Express writes it: `GET /v1/events/:id`. */
export type Operations = Record<string, Operation>;

/** A JSON body, with one that would be taken. It may be left out where every field may. */
export function jsonBody(schema: z.ZodType, example?: object): NonNullable<Operation['body']> {
  return {
    content: { 'application/json': schema },
    required: !schema.safeParse({}).success,
    ...(example && { example }),
  };
}

/** A JSON answer. */
export function json(schema: z.ZodType, description = 'as it is now'): Answer {
  return { description, content: { 'application/json': schema } };
}

export const deleted: Record<number, Answer> = { 204: { description: 'done' } };
