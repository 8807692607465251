// Guard against server-side request forgery: judges a URL when an endpoint is saved, and again on
// every connection, since a name may resolve to another address later. Answers go to strangers, so
// they never name an address that the caller did not type.
import { lookup as lookupWithSystem } from 'node:dns/promises';
import { isIP } from 'node:net';
import { createAddressRule } from './addresses.ts';

export type GuardSettings = {
  /** Addresses that may be called although they are not public. */
  allowCidrs: readonly string[];
  allowPorts: '*' | readonly number[];
  requireHttps: boolean;
  /** All addresses of a name; rejects when it has none. The system's resolver unless given. */
  lookup?: (hostname: string) => Promise<readonly { address: string }[]>;
};

type Refusal = { kind: 'refused'; code: 'blocked_address' | 'invalid_request'; message: string };
type UrlVerdict = { kind: 'allowed'; url: URL } | Refusal;
/** A resolver's failure is nobody's fault but the resolver's. */
type Resolution =
  { kind: 'resolved'; addresses: string[] } | Refusal | { kind: 'dns_error'; message: string };
type Check = { ok: true } | { ok: false; code: Refusal['code']; message: string };

export type Guard = {
  /**
   * Judges all that can be judged without the network; an allowed URL comes back parsed, and is to
   * be used as parsed.
   */
  judgeUrl(text: string): UrlVerdict;
  /** Whether a connection to this address may be made or kept. */
  mayDial(address: string): boolean;
  /**
   * The addresses of a host: of a name all that it stands for, refused if any of them may not be
   * called. The signal bounds the wait.
   */
  resolve(hostname: string, signal: AbortSignal): Promise<Resolution>;
  /**
   * Both, for saving an endpoint. A name that does not resolve passes: it may tomorrow, and each
   * connection is judged again.
   */
  check(text: string): Promise<Check>;
};

/** How long a name may take to resolve when an endpoint is saved. */
const CHECK_DNS_MS = 2000;
/**
 * The longest URL that most servers take. A template is checked as it is saved, and its URL again
 * once it is filled.
 */
export const MAX_URL_LENGTH = 8192;

/** Makes a guard. Throws when one of `allowCidrs` is not a CIDR. */
export function createGuard(settings: GuardSettings): Guard {
  const mayDial = createAddressRule(settings.allowCidrs);
  const lookup = sharing(settings.lookup ?? lookupAll);

  function judgeUrl(text: string): UrlVerdict {
    if (text.length > MAX_URL_LENGTH) return invalid(`the URL is longer than ${MAX_URL_LENGTH} characters`);
    if (!URL.canParse(text)) return invalid('this is not a URL');
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      return invalid('only http and https URLs can be called');
    if (url.protocol === 'http:' && settings.requireHttps) return invalid('the URL must be https');
    if (url.username !== '' || url.password !== '')
      return invalid('the URL must not hold a user name or password');
    if (!isPortAllowed(url, settings.allowPorts)) return blocked('this port may not be called');
    // The parser has turned every spelling of an IPv4 address, octal, hex, short or in circled
    // digits, into the dotted one.
    const literal = literalOf(url.hostname);
    if (literal !== undefined && !mayDial(literal)) return blocked('this address may not be called');
    return { kind: 'allowed', url };
  }

  async function resolve(hostname: string, signal: AbortSignal): Promise<Resolution> {
    const literal = literalOf(hostname);
    if (literal !== undefined) {
      return mayDial(literal)
        ? { kind: 'resolved', addresses: [literal] }
        : blocked('this address may not be called');
    }
    try {
      const addresses = (await raced(lookup(hostname), signal)).map(({ address }) => address);
      if (addresses.length === 0) return { kind: 'dns_error', message: 'the host name has no address' };
      if (!addresses.every(mayDial))
        return blocked('the host name stands for an address that may not be called');
      return { kind: 'resolved', addresses };
    } catch {
      const why = signal.aborted ? 'was not resolved in time' : 'could not be resolved';
      return { kind: 'dns_error', message: `the host name ${why}` };
    }
  }

  async function check(text: string): Promise<Check> {
    const verdict = judgeUrl(text);
    if (verdict.kind === 'refused') return { ok: false, code: verdict.code, message: verdict.message };
    const resolution = await resolve(verdict.url.hostname, AbortSignal.timeout(CHECK_DNS_MS));
    if (resolution.kind === 'refused')
      return { ok: false, code: resolution.code, message: resolution.message };
    return { ok: true };
  }

  return { judgeUrl, mayDial, resolve, check };
}

/** The address in a URL's host, without the brackets of IPv6; undefined when the host is a name. */
function literalOf(host: string): string | undefined {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  return isIP(bare) === 0 ? undefined : bare;
}

function isPortAllowed(url: URL, allowed: '*' | readonly number[]): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return allowed === '*' || allowed.includes(port);
}

function blocked(message: string): Refusal {
  return { kind: 'refused', code: 'blocked_address', message };
}

function invalid(message: string): Refusal {
  return { kind: 'refused', code: 'invalid_request', message };
}

/**
 * IPv4 first: a host without an IPv6 route would otherwise begin every connection with a failure.
 */
function lookupAll(hostname: string): Promise<readonly { address: string }[]> {
  return lookupWithSystem(hostname, { all: true, order: 'ipv4first' });
}

type Lookup = (hostname: string) => Promise<readonly { address: string }[]>;

/**
 * One look-up at a time per name: the system's resolver has four threads, which a burst of
 * connections would fill.
 */
function sharing(lookup: Lookup): Lookup {
  const pending = new Map<string, ReturnType<Lookup>>();
  return (hostname) => {
    const known = pending.get(hostname);
    if (known !== undefined) return known;
    const started = lookup(hostname).finally(() => pending.delete(hostname));
    pending.set(hostname, started);
    return started;
  };
}

/**
 * The value, or a rejection as soon as the signal aborts; the work itself cannot be stopped and
 * goes on unobserved.
 */
function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('aborted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
