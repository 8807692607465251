// What an endpoint takes. Its URL and headers are judged by rules that are handed in, since they belong to the way out.
import { z } from 'zod';
import { parseTemplate } from '../../domain/macros.ts';
import { DEFAULT_SCHEDULE_SECONDS } from '../../domain/retry.ts';
import { EVENT_TYPES } from '../../domain/types.ts';
import type { Issue } from '../errors.ts';
import { id } from './fields.ts';
import { invalid } from './read.ts';

/** The kinds of message an endpoint can listen to, besides the events themselves. */
const CONVERSION_TYPES = ['created', 'adjusted', 'reversed', 'reinstated', 'released'].map((change) => `conversion.${change}`);
const OTHER_TYPES = ['payout.paid', 'endpoint.test', 'endpoint.failing', 'endpoint.disabled', 'delivery.gave_up'];
const LONGEST_WAIT_SECONDS = 7 * 86_400;

const signing = z
  .enum(['v1', 'v1a', 'none'])
  .refine((value) => value !== 'v1a', { params: { code: 'not_supported' }, error: 'is not supported yet' });

const settings = {
  url: z.string().max(4096),
  method: z.enum(['POST', 'GET']),
  body: z.enum(['json', 'form']),
  events: z
    .array(z.enum(['*', ...CONVERSION_TYPES, ...OTHER_TYPES, ...EVENT_TYPES]))
    .min(1)
    .max(50),
  headers: z.record(z.string(), z.string()),
  schedule: z
    .array(z.int().min(0).max(LONGEST_WAIT_SECONDS))
    .min(1)
    .max(50)
    .refine(([first]) => first === 0, 'the first try is made at once, so the first number is 0'),
  max_in_flight: z.int().min(1).max(64),
  rate_per_second: z.number().min(0.001).max(10_000).nullable(),
  signing,
  share_customer_id: z.boolean(),
};

export const newEndpoint = z.strictObject({
  affiliate_id: id.optional(),
  url: settings.url,
  method: settings.method.default('POST'),
  body: settings.body.default('json'),
  events: settings.events.default(['*']),
  headers: settings.headers.default({}),
  schedule: settings.schedule.default([...DEFAULT_SCHEDULE_SECONDS]),
  max_in_flight: settings.max_in_flight.default(8),
  rate_per_second: settings.rate_per_second.default(null),
  signing: settings.signing.default('v1'),
  share_customer_id: settings.share_customer_id.default(false),
});

export const endpointChange = z.strictObject(settings).partial();

/** What may be called and sent; made by `delivery/`. */
export type EndpointRules = {
  guard: {
    check(url: string): Promise<{ ok: true } | { ok: false; code: 'blocked_address' | 'invalid_request'; message: string }>;
  };
  headerProblems(headers: Readonly<Record<string, string>>): { name: string; message: string }[];
};

/** Refuses, by throwing, a URL that may not be called, a macro that is not one, a header that is ours. */
export async function checkEndpoint(
  given: { url?: string | undefined; headers?: Record<string, string> | undefined },
  rules: EndpointRules,
) {
  const headers = rules.headerProblems(given.headers ?? {});
  const issues: Issue[] = headers.map(({ name, message }) => ({ path: `headers.${name}`, code: 'invalid_header', message }));
  const template = given.url === undefined ? undefined : parseTemplate(given.url);
  if (template?.kind === 'problems') {
    issues.push(...template.problems.map(({ code, message }) => ({ path: 'url', code, message })));
    throw invalid(issues, issues.some(({ code }) => code === 'unknown_macro') ? 'unknown_macro' : 'invalid_request');
  }
  const verdict = given.url === undefined ? { ok: true as const } : await rules.guard.check(given.url);
  if (!verdict.ok) throw invalid([...issues, { path: 'url', code: verdict.code, message: verdict.message }], verdict.code);
  if (issues.length > 0) throw invalid(issues);
}
