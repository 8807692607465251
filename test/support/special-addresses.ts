// IANA special-purpose address registries (IPv4: RFC 6890 and updates; IPv6 likewise), with an
// address parser of its own: the guard's rule is compared with an implementation that shares no
// code with it.

/**
 * Block of a registry: its range as numbers, and whether the registry calls it globally reachable.
 */
type Block = { text: string; family: 4 | 6; first: bigint; last: bigint; isReachable: boolean };

/** `!` marks blocks that are not globally reachable, or only in some cases. */
const V4 = `
  !0.0.0.0/8 !0.0.0.0/32 !10.0.0.0/8 !100.64.0.0/10 !127.0.0.0/8 !169.254.0.0/16 !172.16.0.0/12
  !192.0.0.0/24 !192.0.0.0/29 !192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 !192.0.0.170/32
  !192.0.0.171/32 !192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 !192.88.99.0/24 !192.88.99.2/32
  !192.168.0.0/16 192.175.48.0/24 !198.18.0.0/15 !198.51.100.0/24 !203.0.113.0/24 !240.0.0.0/4
  !255.255.255.255/32`;
const V6 = `
  !::1/128 !::/128 !::ffff:0:0/96 64:ff9b::/96 !64:ff9b:1::/48 !100::/64 !100:0:0:1::/64 !2001::/23
  !2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128 !2001:2::/48 2001:3::/32 2001:4:112::/48
  !2001:10::/28 2001:20::/28 2001:30::/28 !2001:db8::/32 !2002::/16 2620:4f:8000::/48 !3fff::/20
  !5f00::/16 !fc00::/7 !fe80::/10`;
/** Not in the special-purpose registries, but unsuitable for receivers too. */
const MULTICAST_AND_HOST_AGENT = '!224.0.0.0/4 !168.63.129.16/32';

export const BLOCKS: readonly Block[] = [V4, V6, MULTICAST_AND_HOST_AGENT].flatMap((text) =>
  text.trim().split(/\s+/).map(parseBlock),
);

const GLOBAL_UNICAST = parseBlock('2000::/3');
/** Reachable, but used for AS112 name servers and relays, never for receivers. */
const NOT_FOR_RECEIVERS = [parseBlock('2620:4f:8000::/48')];

/** Whether the registries allow calls to an address, IPv4 blocks taken whole. */
export function isPublic(family: 4 | 6, address: bigint): boolean {
  const around = BLOCKS.filter((block) => block.family === family && contains(block, address));
  if (family === 4) return around.length === 0;
  if (isMapped(address)) return isPublic(4, address & 0xffff_ffffn);
  const [closest] = around.sort((a, b) => (a.last - a.first < b.last - b.first ? -1 : 1));
  if (closest?.text === '64:ff9b::/96') return isPublic(4, address & 0xffff_ffffn);
  return (
    contains(GLOBAL_UNICAST, address) &&
    closest?.isReachable !== false &&
    !NOT_FOR_RECEIVERS.some((block) => contains(block, address))
  );
}

/** The address with every part written out, so that every parser reads the same address. */
export function formatAddress(family: 4 | 6, address: bigint): string {
  const [count, bits, radix] = family === 4 ? [4, 8n, 10] : [8, 16n, 16];
  const parts = Array.from(
    { length: count },
    (_, index) => (address >> (BigInt(count - 1 - index) * bits)) & ((1n << bits) - 1n),
  );
  return parts.map((part) => part.toString(radix)).join(family === 4 ? '.' : ':');
}

function contains({ first, last }: Block, address: bigint): boolean {
  return address >= first && address <= last;
}

function isMapped(address: bigint): boolean {
  return address >> 32n === 0xffffn;
}

function parseBlock(marked: string): Block {
  const text = marked.replace('!', '');
  const [address = '', length = ''] = text.split('/');
  const family = address.includes(':') ? 6 : 4;
  const size = 1n << BigInt((family === 6 ? 128 : 32) - Number(length));
  const first = family === 6 ? parseV6(address) : concatBits(address.split('.').map(BigInt), 8n);
  return { text, family, first, last: first + size - 1n, isReachable: !marked.startsWith('!') };
}

function parseV6(text: string): bigint {
  const [head = [], tail = []] = text
    .split('::')
    .map((half) => half.split(':').filter((word) => word !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return concatBits(
    [...head, ...zeros, ...tail].map((word) => BigInt(`0x${word}`)),
    16n,
  );
}

function concatBits(parts: readonly bigint[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) | part, 0n);
}
