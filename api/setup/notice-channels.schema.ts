// Requests of notice channels: a new one, by mail or to a webhook of Slack's form.
import { z } from 'zod';
import { CHANNEL_KINDS, CHANNEL_NOTICES } from '../../domain/delivery/channels.ts';
import { problem } from '../http/read.ts';

const TARGET_OF = { mail: 'address', slack: 'url' } as const;

export const newChannel = z
  .strictObject({
    kind: z.enum(CHANNEL_KINDS),
    address: z.email().max(254).optional(),
    url: z
      .url({ protocol: /^https?$/ })
      .max(4096)
      .optional(),
    notices: z
      .array(z.enum(CHANNEL_NOTICES))
      .min(1)
      .default([...CHANNEL_NOTICES])
      .transform((given) => [...new Set(given)]),
  })
  .superRefine((given, context) => {
    for (const kind of CHANNEL_KINDS) {
      const field = TARGET_OF[kind];
      if ((given[field] !== undefined) === (given.kind === kind)) continue;
      const message = given.kind === kind ? 'is required' : `is of kind ${kind}`;
      context.addIssue(problem(given.kind === kind ? 'required' : 'not_possible', message, [field]));
    }
  });

/** The address or the URL; the schema has seen to it that there is one. */
export function targetOf(given: z.output<typeof newChannel>): string {
  return given[TARGET_OF[given.kind]]!;
}
