// Requests of endpoint import: a URL and its dialect.
import { z } from 'zod';
import { DIALECT_NAMES } from '../../domain/delivery/dialects/translation.ts';
import { settings } from './endpoints.schema.ts';

/** A URL in another platform's macros. */
export const endpointImport = z.strictObject({
  dialect: z.enum(['auto', ...DIALECT_NAMES]),
  url: settings.url,
});
