// The services of docker-compose.yml, read so that they can be run without containers as they are.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
}

/** Replaces text of the file, such as names of hosts and paths that only containers have. */
export type Replacements = Readonly<Record<string, string>>;

const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
};

/** The version in a service's image. Throws for an unknown service. */
export function imageVersion(name: string): string {
  return find(name).image.split(':')[1]!;
}

/**
 * The environment of a service. `values` are variables of the caller's environment that the file
 * names, `replacements` the environment's own values that differ without containers.
 */
export function environmentOf(name: string, values: Replacements, replacements: Replacements) {
  const environment = Object.entries(find(name).environment ?? {});
  return {
    ...Object.fromEntries(environment.map(([variable, text]) => [variable, filled(text, values)])),
    ...replacements,
  };
}

/** The settings that a service gives to PostgreSQL as `-c name=value`. */
export function postgresSettingsOf(name: string): Record<string, string> {
  const settings = (find(name).command ?? []).filter((word) => word.includes('='));
  return Object.fromEntries(settings.map((setting) => setting.split('=') as [string, string]));
}

/** The shell script that a service runs once, with `replacements` for paths of its image. */
export function scriptOf(name: string, replacements: Replacements): string {
  const [script = ''] = find(name).command ?? [];
  return Object.entries(replacements).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    script.replaceAll('$$', '$'),
  );
}

function find(name: string): Service {
  const service = services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

/** Fills `${NAME:-default}` and `${NAME:?message}` as Compose does. Throws for a missing value. */
function filled(text: string, values: Replacements): string {
  return text.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest = '') => {
    const value = values[name] ?? (kind === '-' ? String(rest) : undefined);
    if (value === undefined) throw new Error(`docker-compose.yml needs ${name}`);
    return value;
  });
}
