// Settings of an endpoint as its form has them, and as they are sent.
import { client } from '../../wire/client.ts';
import type { Endpoint } from './condition.tsx';
import { headersOf, headersText } from './headers-field.tsx';

/** Numbers are texts, since they are typed. */
export type Settings = {
  name: string;
  url: string;
  method: Endpoint['method'];
  body: Endpoint['body'];
  events: readonly string[];
  signing: Endpoint['signing'];
  headers: string;
  shareCustomerId: boolean;
  maxInFlight: string;
  ratePerSecond: string;
};

export const NEW: Settings = {
  name: '',
  url: '',
  method: 'POST',
  body: 'json',
  events: ['*'],
  signing: 'v1',
  headers: '',
  shareCustomerId: false,
  maxInFlight: '8',
  ratePerSecond: '',
};

export function settingsOf(endpoint: Endpoint): Settings {
  const { name, url, method, body, events, signing, headers } = endpoint;
  return {
    url,
    method,
    body,
    events,
    signing,
    name: name ?? '',
    headers: headersText(headers),
    shareCustomerId: endpoint.share_customer_id,
    maxInFlight: String(endpoint.max_in_flight),
    ratePerSecond: endpoint.rate_per_second === null ? '' : String(endpoint.rate_per_second),
  };
}

const NUMBER = /^\d+(\.\d+)?$/;

/** What is wrong with it otherwise, the API says. */
export function isComplete({ url, events, headers, maxInFlight, ratePerSecond }: Settings): boolean {
  return (
    url !== '' &&
    events.length > 0 &&
    headersOf(headers) !== null &&
    NUMBER.test(maxInFlight) &&
    (ratePerSecond === '' || NUMBER.test(ratePerSecond))
  );
}

export type Saved = { id: string; secret: string | null; warnings: readonly { message: string }[] };

/** `affiliateId` undefined: of the operator, or of the affiliate whose session this is. */
export async function add(settings: Settings, affiliateId: string | undefined): Promise<Saved> {
  const body = { ...sent(settings), ...(affiliateId && { affiliate_id: affiliateId }) };
  // The type asks for every field, though those that are left out have a default.
  const { data } = await client.POST('/v1/endpoints', { body: body as never });
  return data!;
}

/** Sends what is changed alone. */
export async function change(endpoint: Endpoint, settings: Settings): Promise<Saved> {
  const before: Record<string, unknown> = sent(settingsOf(endpoint));
  const isChanged = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(before[name]);
  const body = Object.fromEntries(Object.entries(sent(settings)).filter(isChanged));
  const { data } = await client.PATCH('/v1/endpoints/{id}', { params: { path: { id: endpoint.id } }, body });
  return { ...data!, secret: data!.secret ?? null };
}

function sent(settings: Settings) {
  const { url, method, body, signing, name, headers, events } = settings;
  return {
    url,
    method,
    body,
    signing,
    name: name.trim() || null,
    headers: headersOf(headers) ?? {},
    events: [...events],
    share_customer_id: settings.shareCustomerId,
    max_in_flight: Number(settings.maxInFlight),
    rate_per_second: settings.ratePerSecond === '' ? null : Number(settings.ratePerSecond),
  };
}
