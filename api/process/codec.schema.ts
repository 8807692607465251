// Schema of what a codec server takes and answers: payloads of Temporal, by Temporal's protocol.
import { z } from 'zod';

const base64 = z.base64();

/** Temporal leaves out an empty list, as of a query without arguments. */
export const payloads = z.strictObject({
  payloads: z
    .array(z.strictObject({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() }))
    .default([]),
});
