// Where requests may come from: addresses and ranges as operators write them, and whether a caller's address lies in one of them.
import { BlockList, isIP } from 'node:net';

const compiled = new WeakMap<readonly string[], BlockList>();

/** Whether this is an address or a range, IPv4 or IPv6: `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. */
export function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= bitsOf(address));
}

/** Whether an address lies in one of these ranges. What is no address lies in none. The list is compiled once, by identity. */
export function isWithin(ranges: readonly string[], address: string): boolean {
  const bare = bareAddress(address);
  if (bare === null) return false;
  let list = compiled.get(ranges);
  if (list === undefined) compiled.set(ranges, (list = compile(ranges)));
  // As a mapped address IPv4 meets ranges of both notations.
  return list.check(isIP(bare) === 4 ? `::ffff:${bare}` : bare, 'ipv6');
}

function compile(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(
      address,
      bits === undefined ? bitsOf(address) : Number(bits),
      isIP(address) === 4 ? 'ipv4' : 'ipv6',
    );
  }
  return list;
}

/** Without the port that some proxies add, and without a zone. */
function bareAddress(text: string): string | null {
  const [, inBrackets, beforePort] = /^\[([^\]]+)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? [];
  const [bare = ''] = (inBrackets ?? beforePort ?? text).split('%');
  return isIP(bare) === 0 ? null : bare;
}

function bitsOf(address: string): number {
  return isIP(address) === 4 ? 32 : 128;
}
