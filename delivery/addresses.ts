// Decides which IP addresses are public; endpoints may have only public addresses. IPv4 uses a list
// of special blocks. IPv6 uses the one public block: lists of special IPv6 blocks, and of ways to
// hide an IPv4 address in IPv6, have always turned out incomplete.
import ipaddr from 'ipaddr.js';
import type { IPv4, IPv6 } from 'ipaddr.js';

type Range = [IPv4 | IPv6, number];

/**
 * Blocked IPv4 ranges: the IANA special-purpose registry, multicast, and the host agent of Azure,
 * which has a public address but answers only inside Azure.
 */
const SPECIAL_V4 = rangesFrom(`
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24
  192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4
  240.0.0.0/4 168.63.129.16/32`);

const PUBLIC_V6 = rangesFrom('2000::/3');
/** Protocol assignments (Teredo, benchmarking, …), documentation, 6to4, AS112. */
const SPECIAL_V6 = rangesFrom('2001::/23 2001:db8::/32 2002::/16 3fff::/20 2620:4f:8000::/48');
/** The parts of 2001::/23 that the registry calls globally reachable. */
const PUBLIC_IN_SPECIAL_V6 = rangesFrom(
  '2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:3::/32 2001:4:112::/48 2001:20::/28 2001:30::/28',
);
/**
 * NAT64 prefixes. A gateway translates these addresses into the IPv4 address in their last 32 bits,
 * so the guard judges that IPv4 address.
 */
const NAT64 = rangesFrom('64:ff9b::/96');

/**
 * Returns true when an address may be called. Accepts every spelling of an address; a text that is
 * not an address is refused. `exceptions` are CIDRs of addresses to allow although the rule refuses
 * them. Throws when an exception is not a CIDR.
 */
export function createAddressRule(exceptions: readonly string[]): (address: string) => boolean {
  const allowed = rangesFrom(exceptions.join(' '));
  return (spelling) => {
    // ipaddr.js reads `::8.8.8.8`, a spelling of ::808:808 that resolvers use, as 8.8.8.8.
    const text = spelling.replace(/^::(?=[^:]+$)/, '::0:');
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    return isIn(address, allowed) || isPublic(address);
  };
}

function isPublic(address: IPv4 | IPv6): boolean {
  if (address instanceof ipaddr.IPv4) return !isIn(address, SPECIAL_V4);
  if (isIn(address, NAT64)) return isPublic(new ipaddr.IPv4(address.toByteArray().slice(12)));
  return isIn(address, PUBLIC_V6) && (!isIn(address, SPECIAL_V6) || isIn(address, PUBLIC_IN_SPECIAL_V6));
}

function isIn(address: IPv4 | IPv6, ranges: readonly Range[]): boolean {
  return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

/** Parses CIDRs separated by blanks. Throws when a part is not a CIDR. */
function rangesFrom(cidrs: string): Range[] {
  return cidrs
    .split(/\s+/)
    .filter((cidr) => cidr !== '')
    .map((cidr) => ipaddr.parseCIDR(cidr));
}
