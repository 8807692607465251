// Schemas of error answers.
import { z } from 'zod';
import { ERROR_CODES } from './errors.ts';

export const issue = z.object({
  path: z.string().meta({ description: 'dotted, such as `terms.components.0.amount`; empty for the whole' }),
  code: z.string(),
  message: z.string(),
});

const body = { code: z.enum(ERROR_CODES), message: z.string(), issues: z.array(issue).optional() };

/** An error of one event in a batch. */
export const partError = z.object(body);

export const error = z.object({ error: z.object({ ...body, request_id: z.string() }) });
