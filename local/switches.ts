// Says which variables switch `npm start` away from running everything itself: one that a shell
// happens to have would do so unseen.
import type { LocalConfig } from '../config.ts';

const PARTS = { DATABASE_URL: 'PostgreSQL', TEMPORAL_ADDRESS: 'Temporal' } as const;

/** Lines to print before the start; none when everything is embedded. */
export function switchesOf({ given, demo }: Pick<LocalConfig, 'given' | 'demo'>): string[] {
  if (given.length === 0) return [];
  return [
    ...given.map((name) => `${name} is set, so its ${PARTS[name]} is used and none is started here.`),
    'ADMIN_TOKEN and SECRETS_KEY must therefore be set too, and endpoints are restricted as in production' +
      (demo ? '.' : '; there is no demo.'),
    `To run everything here: env ${given.map((name) => `-u ${name}`).join(' ')} npm start`,
  ];
}
