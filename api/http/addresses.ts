// IP addresses and ranges of callers: validates a range as written, and matches an address.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { IPv6 } from 'ipaddr.js';

/** IPv4 ranges are kept in mapped form (`::ffff:…`), in which both notations can be compared. */
type Range = [IPv6, number];

const compiled = new WeakMap<readonly string[], Range[]>();
const BITS_BEFORE_IPV4 = 96;

/**
 * Whether a text is an address or range, IPv4 or IPv6: `203.0.113.7`, `203.0.113.0/24`,
 * `2001:db8::/32`. `isIP` checks the spelling, because ipaddr.js also accepts octal numbers.
 */
export function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/**
 * Whether an address lies in one of the ranges; false for a malformed address. Compiled ranges are
 * cached by the identity of the list.
 */
export function isWithin(ranges: readonly string[], address: string): boolean {
  const bare = bareAddress(address);
  if (bare === null) return false;
  let list = compiled.get(ranges);
  if (list === undefined) compiled.set(ranges, (list = ranges.map(rangeOf)));
  const caller = mapped(bare);
  return list.some(([base, bits]) => caller.match(base, bits));
}

/** Network that one caller commands: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function networkOf(address: string): string {
  const bare = bareAddress(address);
  if (bare === null) return address;
  const parsed = mapped(bare);
  return parsed.isIPv4MappedAddress()
    ? parsed.toIPv4Address().toString()
    : parsed.parts.slice(0, 4).join(':');
}

function rangeOf(text: string): Range {
  const [address = '', bits] = text.split('/');
  if (bits === undefined) return [mapped(address), 128];
  return [mapped(address), Number(bits) + (isIP(address) === 4 ? BITS_BEFORE_IPV4 : 0)];
}

function mapped(address: string): IPv6 {
  // ipaddr.js reads `::10.0.0.1` as the mapped address of 10.0.0.1, which it is not.
  const parsed = ipaddr.parse(address.replace(/^::(?=\d+\.)/, '::0:'));
  return parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
}

/** Without the port that some proxies add, and without a zone. */
function bareAddress(text: string): string | null {
  const [, inBrackets, beforePort] = /^\[([^\]]+)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? [];
  const [bare = ''] = (inBrackets ?? beforePort ?? text).split('%');
  return isIP(bare) === 0 ? null : bare;
}
