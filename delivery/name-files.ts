// The system's files about host names: `/etc/hosts`, and the name servers and search domains of
// `/etc/resolv.conf`. A changed file is read again.
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';

/** Addresses by host name, in lower case; IPv4 first. */
type Hosts = ReadonlyMap<string, readonly string[]>;

/** Settings of `resolv.conf`: name servers as `address` or `address:port`, and search domains. */
export type ResolverConfig = {
  servers: readonly string[];
  search: readonly string[];
  /** A name with fewer dots is looked up in the search domains first. */
  ndots: number;
};

export type NameFiles = { hosts(): Promise<Hosts>; config(): Promise<ResolverConfig> };

/** A file is checked for a change at most once in this time. */
const CHECK_EVERY_MS = 1000;
/** The C library takes no more of each. */
const MAX_SERVERS = 3;
const MAX_NDOTS = 15;

export function createNameFiles(paths: { hosts?: string; resolvConf?: string } = {}): NameFiles {
  return {
    hosts: reread(paths.hosts ?? '/etc/hosts', parseHosts),
    config: reread(paths.resolvConf ?? '/etc/resolv.conf', parseResolvConf),
  };
}

/** Reads a file when first asked and after every change. A missing file counts as empty. */
function reread<T>(path: string, parse: (text: string) => T): () => Promise<T> {
  let known: { value: Promise<T>; version: string } | undefined;
  let checkedAt = -Infinity;
  return async () => {
    const now = performance.now();
    if (known !== undefined && now - checkedAt < CHECK_EVERY_MS) return known.value;
    checkedAt = now;
    const version = await versionOf(path);
    if (known?.version !== version) {
      const value = readFile(path, 'utf8').then(parse, () => parse(''));
      known = { value, version };
    }
    return known.value;
  };
}

function versionOf(path: string): Promise<string> {
  return stat(path).then(
    ({ ino, size, mtimeMs, ctimeMs }) => [ino, size, mtimeMs, ctimeMs].join(),
    () => 'missing',
  );
}

export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const [address = '', ...names] of linesOf(text, /#.*/)) {
    if (isIP(address) === 0) continue;
    for (const name of new Set(names.map(plainName))) {
      const addresses = hosts.get(name) ?? [];
      if (!addresses.includes(address)) hosts.set(name, [...addresses, address]);
    }
  }
  for (const addresses of hosts.values()) addresses.sort((a, b) => isIP(a) - isIP(b));
  return hosts;
}

export function parseResolvConf(text: string): ResolverConfig {
  const servers: string[] = [];
  let search: string[] = [];
  let ndots = 1;
  for (const [key, ...values] of linesOf(text, /[#;].*/)) {
    const [first = ''] = values;
    if (key === 'nameserver' && isIP(first) !== 0) servers.push(first);
    if (key === 'search' || key === 'domain')
      search = values.map(plainName).filter((domain) => domain !== '');
    if (key === 'options') {
      const option = values.findLast((value) => /^ndots:\d+$/.test(value));
      if (option !== undefined) ndots = Math.min(Number(option.slice('ndots:'.length)), MAX_NDOTS);
    }
  }
  return { servers: servers.length === 0 ? ['127.0.0.1'] : servers.slice(0, MAX_SERVERS), search, ndots };
}

/** Host name as a key: lower case, without the dot of the root. */
export function plainName(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}

function linesOf(text: string, comment: RegExp): string[][] {
  return text.split('\n').map((line) => line.replace(comment, '').trim().split(/\s+/));
}
