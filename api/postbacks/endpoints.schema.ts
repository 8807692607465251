// Requests of endpoints: their settings, a change of them, and a rotation of the secret.
import { z } from 'zod';
import { BODY_FORMATS, ENDPOINT_METHODS, SIGNING_KINDS } from '../../domain/delivery/endpoints.ts';
import { NOTICE_TYPES } from '../../domain/delivery/notices.ts';
import { DEFAULT_SCHEDULE_SECONDS } from '../../domain/delivery/retry.ts';
import { API_VERSIONS, NEWEST_API_VERSION } from '../../domain/delivery/versions.ts';
import { EVENT_TYPES } from '../../domain/types.ts';
import { id, name as aName, record } from '../http/fields.ts';
import { problem } from '../http/read.ts';

/** Types of message that an endpoint can subscribe to, besides the events themselves. */
const CONVERSION_TYPES = ['created', 'adjusted', 'reversed', 'reinstated', 'released'].map(
  (change) => `conversion.${change}`,
);
const OTHER_TYPES = ['payout.paid', 'endpoint.test', ...NOTICE_TYPES];
const MOST_FORM_FIELDS = 50;
const LONGEST_WAIT_SECONDS = 7 * 86_400;

const LONGEST_OVERLAP_HOURS = 168;

export const settings = {
  name: aName.nullable(),
  /** Without the blanks and line ends that come along when it is pasted. */
  url: z.string().trim().max(4096),
  method: z.enum(ENDPOINT_METHODS),
  body: z.enum(BODY_FORMATS),
  events: z
    .array(z.enum(['*', ...CONVERSION_TYPES, ...OTHER_TYPES, ...EVENT_TYPES]))
    .min(1)
    .max(50),
  form: record(z.string().min(1).max(255), z.string().max(4096))
    .refine(
      (fields) => Object.keys(fields).length <= MOST_FORM_FIELDS,
      `a form has at most ${MOST_FORM_FIELDS} fields`,
    )
    .nullable(),
  /** Values without the blanks and line ends around them, as URLs. */
  headers: record(z.string(), z.string().trim()),
  schedule: z
    .array(z.int().min(0).max(LONGEST_WAIT_SECONDS))
    .min(1)
    .max(50)
    .refine(([first]) => first === 0, 'the first try is made at once, so the first number is 0'),
  max_in_flight: z.int().min(1).max(64),
  rate_per_second: z.number().min(0.001).max(10_000).nullable(),
  signing: z.enum(SIGNING_KINDS),
  share_customer_id: z.boolean(),
  api_version: z.enum(API_VERSIONS).meta({
    description: 'version of what its postbacks say; a change holds for those planned from then on',
  }),
};

/** A secret that its owner brings along; its form depends on `signing`. */
const ownSecret = z
  .string()
  .max(255)
  .regex(/^\s*[!-~]*\s*$/, 'must be base64 after its prefix')
  .trim()
  .meta({
    description:
      '`whsec_` and the base64 of 24 to 64 bytes; for `v1a`, `whsk_` and that of seed and public key',
  });

const anEndpoint = z.strictObject({
  affiliate_id: id.optional(),
  name: settings.name.default(null),
  url: settings.url,
  method: settings.method.default('POST'),
  body: settings.body.default('json'),
  form: settings.form.default(null),
  events: settings.events.default(['*']),
  headers: settings.headers.default({}),
  schedule: settings.schedule.default([...DEFAULT_SCHEDULE_SECONDS]),
  max_in_flight: settings.max_in_flight.default(8),
  rate_per_second: settings.rate_per_second.default(null),
  signing: settings.signing.default('v1'),
  share_customer_id: settings.share_customer_id.default(false),
  api_version: settings.api_version.default(NEWEST_API_VERSION),
  secret: ownSecret.optional(),
});

export const newEndpoint = anEndpoint.check(formNeedsForm);

export const endpointChange = z.strictObject(settings).partial().check(formNeedsForm);

/** Rejects form fields with a body other than `form`. A change without `body` is not checked. */
function formNeedsForm({
  value,
  issues,
}: z.core.ParsePayload<{ body?: string | undefined; form?: object | null | undefined }>) {
  if (value.form && value.body !== undefined && value.body !== 'form')
    issues.push({
      ...problem('not_applicable', 'fields are for the body "form"', ['form']),
      input: value.form,
    });
}

/** How long a replaced secret signs beside the new one. */
export const DEFAULT_OVERLAP_HOURS = 24;

export const rotation = z.strictObject({
  overlap_hours: z.int().min(0).max(LONGEST_OVERLAP_HOURS).default(DEFAULT_OVERLAP_HOURS),
  secret: ownSecret.optional(),
});
