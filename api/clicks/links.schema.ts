// What links, clicks and coupons take.
import { z } from 'zod';
import { compileLanding, isAllowedHostForm } from '../../domain/attribution/landing.ts';
import { externalId, id, page, pastTime, sub, text, time, webUrl } from '../http/fields.ts';
import { problem } from '../http/read.ts';

const paramName = /^[A-Za-z0-9_.-]{1,64}$/;
const params = z.record(z.string(), text(500)).superRefine((value, context) => {
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

export const newLink = z
  .strictObject({
    affiliate_id: id,
    landing_url: webUrl,
    params: params.default({}),
    deep_link_hosts: z.array(host).max(100).default([]),
  })
  .superRefine(({ landing_url: landingUrl, params: given }, context) => {
    const compiled = compileLanding(landingUrl, given);
    if (compiled.kind === 'landing') return;
    for (const { code, message, path } of compiled.problems) context.addIssue(problem(code, message, path));
  });

const subs = {
  sub1: sub.optional(),
  sub2: sub.optional(),
  sub3: sub.optional(),
  sub4: sub.optional(),
  sub5: sub.optional(),
};

/** A click id of the operator's own, or one of ours that was lost, brings a click back under the id that events name. */
export const newClick = z
  .strictObject({
    link_id: id.optional(),
    affiliate_id: id.optional(),
    click_id: externalId.optional(),
    clicked_at: pastTime.optional(),
    ...subs,
  })
  .refine((click) => (click.link_id === undefined) !== (click.affiliate_id === undefined), {
    params: { code: 'link_or_affiliate_required' },
    error: 'give link_id or affiliate_id, not both',
    path: ['link_id'],
  });

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** Clicks may have ids of the operator's own, so the cursor may be one. */
export const clickFilter = z.strictObject({
  ...page,
  cursor: externalId.optional(),
  affiliate_id: id.optional(),
  link_id: id.optional(),
  bot: flag.optional(),
  seen: flag.optional(),
  from: time.optional(),
  to: time.optional(),
});

/** Letters in either case mean the same. */
const couponCode = z
  .string()
  .regex(/^[!-~]{1,64}$/, 'must be 1 to 64 letters, digits or signs of ASCII, without spaces');

export const newCoupon = z
  .strictObject({
    code: couponCode,
    affiliate_id: id,
    binds_customer: z.boolean().default(true),
    starts_at: time.optional(),
    ends_at: time.optional(),
  })
  .refine(({ starts_at: from, ends_at: to }) => from === undefined || to === undefined || from < to, {
    params: { code: 'invalid_time' },
    error: 'must be later than starts_at',
    path: ['ends_at'],
  });

export const assignment = z.strictObject({ affiliate_id: id });

export const orphanFilter = z.strictObject({
  ...page,
  reason: z.enum(['no_evidence', 'unknown_click', 'unknown_coupon', 'no_conversion']).optional(),
});
