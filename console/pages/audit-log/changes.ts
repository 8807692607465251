// Words for requests of the audit log, and the resources that such requests change.
import { plain } from '../../format/words.ts';
import type { ChangedResource } from '../../wire/types.ts';

/** The compiler asks for one that is missing. Clicks are no change. */
const NAMES = {
  affiliates: null,
  'api-keys': null,
  commissions: null,
  coupons: null,
  currencies: null,
  customers: null,
  deals: null,
  deliveries: null,
  endpoints: null,
  'event-types': null,
  events: null,
  'fx-rates': null,
  holds: null,
  imports: null,
  links: null,
  'notice-channels': null,
  operator: null,
  operators: null,
  orphans: null,
  'payout-runs': null,
  payouts: null,
  periods: null,
  reconciliations: null,
  replays: null,
  'set-aside': null,
  stuck: null,
} as const satisfies Readonly<Record<Exclude<ChangedResource, 'clicks'>, null>>;

export const RESOURCES = Object.keys(NAMES);

const VERBS: Readonly<Record<string, string>> = {
  POST: 'add',
  PUT: 'set',
  PATCH: 'change',
  DELETE: 'remove',
};

/** `endpoints: pause` of `POST /v1/endpoints/:id/pause`. */
export function changeText(method: string, route: string): string {
  const [resource = route, ...within] = route.replace(/^\/v1\//, '').split('/');
  const words = within.filter((part) => !part.startsWith(':'));
  // A POST below a thing is named after what it does.
  const verb = method === 'POST' && words.length > 0 ? [] : [VERBS[method] ?? method];
  return `${plainPath(resource)}: ${[...verb, ...words.map(plainPath)].join(' ')}`;
}

function plainPath(part: string): string {
  return plain(part).replaceAll('-', ' ');
}
