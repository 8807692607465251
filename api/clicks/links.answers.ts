// Answers about links: schema and view.
import { z } from 'zod';
import { LINK_STATES, type Link } from '../../store/attribution/links.ts';
import * as field from '../http/answer-fields.ts';

export const link = z.object({
  id: field.idOf('link'),
  url: field.text,
  affiliate_id: field.affiliateId,
  landing_url: field.text,
  params: z.record(z.string(), field.text),
  deep_link_hosts: z.array(field.text),
  state: z.enum(LINK_STATES).meta({ description: 'off: leads nowhere, and counts no click' }),
  created_at: field.time,
});

/** `publicUrl` is the address that visitors reach this API under. */
export function linkView(row: Link, publicUrl: string) {
  return {
    id: row.id,
    url: `${publicUrl}/c/${row.id}`,
    affiliate_id: row.affiliateId,
    landing_url: row.landingUrl,
    params: row.params,
    deep_link_hosts: row.deepLinkHosts,
    state: row.state,
    created_at: row.createdAt,
  };
}
