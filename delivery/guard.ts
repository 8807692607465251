// Guard against server-side request forgery. The guard judges a URL when an endpoint is saved, and
// again on every connection, because a name may resolve to another address later. Strangers read
// its messages, so a message never names an address that the caller did not type.
import { isIP } from 'node:net';
import { domainToUnicode } from 'node:url';
import { createAddressRule } from './addresses.ts';
import { createNames, type LookUp, type Names } from './names.ts';

export type GuardSettings = {
  /** Addresses that may be called although they are not public. */
  allowCidrs: readonly string[];
  allowPorts: '*' | readonly number[];
  requireHttps: boolean;
  /** Looks up a name. The default is the hosts file and the name servers of the system. */
  lookUp?: Names['lookUp'];
};

type Refusal = { kind: 'refused'; code: 'blocked_address' | 'invalid_request'; message: string };
type UrlVerdict = { kind: 'allowed'; url: URL } | Refusal;
/**
 * Result of resolving a host. `nameIsAbsent` is true when the name certainly has no address, and
 * false when nobody could tell, for which neither caller nor endpoint is at fault.
 */
type Resolution =
  | { kind: 'resolved'; addresses: string[] }
  | Refusal
  | { kind: 'dns_error'; nameIsAbsent: boolean; message: string };
type Check = { ok: true } | { ok: false; code: Refusal['code']; message: string };

export type Guard = {
  /**
   * Judges a URL as far as possible without the network. An allowed URL is returned parsed; callers
   * must use the parsed form.
   */
  judgeUrl(text: string): UrlVerdict;
  /** Returns true when a connection to this address may be opened or kept. */
  mayDial(address: string): boolean;
  /**
   * Resolves a host. A name is refused if any of its addresses may not be called. The signal limits
   * the wait.
   */
  resolve(hostname: string, signal: AbortSignal): Promise<Resolution>;
  /**
   * Judges the URL and resolves its host, for saving an endpoint. A name that does not resolve
   * passes: the name may resolve later, and each connection is judged again.
   */
  check(text: string): Promise<Check>;
};

/** Time limit for resolving a name when an endpoint is saved. */
const CHECK_DNS_MS = 2000;
/**
 * Maximum length of a URL, the longest that most servers accept. A template is checked when it is
 * saved, and the filled URL again before it is sent.
 */
export const MAX_URL_LENGTH = 8192;

/** Results of a look-up without an address, for strangers. */
const UNRESOLVED: Readonly<
  Record<Exclude<LookUp['kind'], 'found'>, { nameIsAbsent: boolean; message: string }>
> = {
  no_such_name: { nameIsAbsent: true, message: 'the host name does not exist' },
  no_address: { nameIsAbsent: true, message: 'the host name has no address' },
  silent: { nameIsAbsent: false, message: 'the name servers did not answer in time for the host name' },
  failed: { nameIsAbsent: false, message: 'the name servers could not answer for the host name' },
};

/** The rule, and the setting of the installation that makes an exception to it. */
const EXCEPTION = 'only public addresses may be called, and those in ALLOW_ENDPOINT_CIDRS';
const NOT_PUBLIC = `this address is private, reserved or of this machine: ${EXCEPTION}`;
const NAMES_NOT_PUBLIC = `the host name stands for an address that is not public: ${EXCEPTION}`;

/** Creates a guard. Throws when an entry of `allowCidrs` is not a CIDR. */
export function createGuard(settings: GuardSettings): Guard {
  const mayDial = createAddressRule(settings.allowCidrs);
  const lookUp = settings.lookUp ?? createNames().lookUp;

  function judgeUrl(text: string): UrlVerdict {
    if (text.length > MAX_URL_LENGTH) return invalid(`the URL is longer than ${MAX_URL_LENGTH} characters`);
    if (!URL.canParse(text)) return invalid('this is not a URL');
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      return invalid('only http and https URLs can be called');
    if (url.protocol === 'http:' && settings.requireHttps) return invalid('the URL must be https');
    if (url.username !== '' || url.password !== '')
      return invalid('the URL must not hold a user name or password');
    if (url.hostname.split('.').some(isUnreadableName)) return invalid('the host name is not a valid one');
    if (url.port === '0') return invalid('no server can be called at port 0');
    if (!isPortAllowed(url, settings.allowPorts)) return blocked(aboutPorts(settings.allowPorts));
    // The URL parser converts every spelling of an IPv4 address (octal, hex, short, circled digits)
    // into dotted decimal.
    const literal = literalOf(url.hostname);
    if (literal !== undefined && !mayDial(literal)) return blocked(NOT_PUBLIC);
    return { kind: 'allowed', url };
  }

  async function resolve(hostname: string, signal: AbortSignal): Promise<Resolution> {
    const literal = literalOf(hostname);
    if (literal !== undefined) {
      return mayDial(literal) ? { kind: 'resolved', addresses: [literal] } : blocked(NOT_PUBLIC);
    }
    const found = await orSilent(lookUp(hostname), signal);
    if (found.kind !== 'found') return { kind: 'dns_error', ...UNRESOLVED[found.kind] };
    if (!found.addresses.every(mayDial)) return blocked(NAMES_NOT_PUBLIC);
    return { kind: 'resolved', addresses: [...found.addresses] };
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

/** A label in punycode that says nothing, which Node's URL parser takes from version 24 on. */
function isUnreadableName(label: string): boolean {
  return label.startsWith('xn--') && domainToUnicode(label) === label;
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

function aboutPorts(allowed: '*' | readonly number[]): string {
  return `this port may not be called: ALLOW_ENDPOINT_PORTS has ${allowed === '*' ? 'all' : allowed.join(', ')}`;
}

function blocked(message: string): Refusal {
  return { kind: 'refused', code: 'blocked_address', message };
}

function invalid(message: string): Refusal {
  return { kind: 'refused', code: 'invalid_request', message };
}

/** Resolves with the look-up, or with `silent` as soon as the signal aborts. */
function orSilent(work: Promise<LookUp>, signal: AbortSignal): Promise<LookUp> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve({ kind: 'silent' });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
