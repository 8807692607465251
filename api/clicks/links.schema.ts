// Requests of links: a new link with its landing page, parameters and deep-link hosts, a change,
// and the filter of the list.
import { z } from 'zod';
import { compileLanding, isAllowedHostForm, reservedParameters } from '../../domain/attribution/landing.ts';
import { LINK_STATES } from '../../store/attribution/links.ts';
import { id, record, text, webUrl } from '../http/fields.ts';
import { page } from '../http/lists.ts';
import { problem } from '../http/read.ts';

const paramName = /^[A-Za-z0-9_.-]{1,64}$/;
const params = record(z.string(), text(500)).superRefine((value, context) => {
  const names = Object.keys(value);
  if (names.length > 20) context.addIssue(problem('too_large', 'must have at most 20 parameters'));
  for (const key of names.filter((each) => !paramName.test(each)))
    context.addIssue(problem('invalid_format', 'is not a name of a parameter', [key]));
});

const host = z
  .string()
  .transform((value) => value.toLowerCase())
  .refine(isAllowedHostForm, {
    params: { code: 'invalid_host' },
    error: 'must be a host such as shop.example or *.shop.example',
  });

const deepLinkHosts = z.array(host).max(100);
const state = z.enum(LINK_STATES);

export const newLink = z
  .strictObject({
    affiliate_id: id,
    landing_url: webUrl,
    params: params.default({}),
    deep_link_hosts: deepLinkHosts.default([]),
  })
  .superRefine(checkLanding);

export const linkChange = z.strictObject({
  landing_url: webUrl.optional(),
  params: params.optional(),
  deep_link_hosts: deepLinkHosts.optional(),
  state: state.optional(),
});

/** The landing page that a change results in: its URL and its parameters are checked together. */
export const changedLanding = z
  .object({ landing_url: z.string(), params: z.record(z.string(), z.string()) })
  .superRefine(checkLanding);

export const linkFilter = z.strictObject({
  ...page,
  affiliate_id: id.optional(),
  state: state.optional(),
});

function checkLanding(
  { landing_url: landingUrl, params: given }: { landing_url: string; params: Record<string, string> },
  context: z.RefinementCtx,
): void {
  const compiled = compileLanding(landingUrl, given);
  const problems = compiled.kind === 'problems' ? compiled.problems : [];
  for (const { code, message, path } of [...problems, ...reservedParameters(landingUrl, given)])
    context.addIssue(problem(code, message, path));
}
