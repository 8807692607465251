// Values of settings: the text of an environment variable, checked and read. Names of variables and
// their defaults are in config.ts.
import { readFileSync } from 'node:fs';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';

/**
 * A 32-byte key and its id, which sealed values carry. The first key of a list seals; all keys
 * open.
 */
interface SecretsKey {
  readonly id: string;
  readonly key: Buffer;
}

export const portNumber = z
  .string()
  .regex(/^\d+$/, 'must be a port number')
  .transform(Number)
  .pipe(z.number().min(1).max(65535));
export const list = z.string().transform((text) => text.split(',').flatMap((item) => item.trim() || []));
export const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'is not an address range such as 10.0.0.0/8',
});
export const nameServer = z
  .string()
  .refine(isNameServer, 'is not the address of a name server, such as 10.0.0.2 or 10.0.0.2:53');
export const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL');
export const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));
export const months = z
  .string()
  .regex(/^\d+$/, 'must be a number of months')
  .transform(Number)
  .pipe(z.number().min(1).max(1200));
export const seconds = z
  .string()
  .regex(/^\d+$/, 'must be a number of seconds')
  .transform(Number)
  .pipe(z.number().max(60));
export const address = z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/, 'must be host:port');

export const secretsKeys = list.transform((items, context): SecretsKey[] => {
  const keys = items.map((item) => {
    const colon = item.indexOf(':');
    const text = item.slice(colon + 1);
    const key = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64');
    return { id: colon > 0 ? item.slice(0, colon) : 'default', key };
  });
  const ids = new Set(keys.map(({ id }) => id));
  if (keys.length === 0 || ids.size < keys.length || keys.some(({ key }) => key.length !== 32)) {
    context.addIssue({
      code: 'custom',
      message: 'must be 32 bytes in base64 or hex, or a list id:base64,… with different ids',
    });
  }
  return keys;
});

/**
 * Express's forms: a number of hops, or addresses and ranges. A bare "true" would trust every
 * caller.
 */
export const trustProxy = z.string().transform((text, context): number | false | string[] => {
  if (text === 'false') return false;
  if (/^\d+$/.test(text)) return Number(text) || false;
  const items = text.split(',').map((item) => item.trim());
  if (
    items.every(
      (item) =>
        cidr.safeParse(item.includes('/') ? item : `${item}/${item.includes(':') ? 128 : 32}`).success,
    )
  )
    return items;
  if (text === 'loopback') return [text];
  context.addIssue({
    code: 'custom',
    message: 'must be a number of proxies, "loopback", or a list of addresses and ranges',
  });
  return z.NEVER;
});

export const fileContent = z.string().transform((path, context) => {
  try {
    return readFileSync(path);
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    });
    return z.NEVER;
  }
});

export const token = z.string().min(16, 'must have at least 16 characters');

export const smtpUrl = z.url({ protocol: /^smtps?$/, error: 'must be smtp://… or smtps://…' });

/** `name=value,name=value`; values may be percent-encoded. */
export const pairs = list.transform((items, context): Readonly<Record<string, string>> => {
  const read = items.map((item) => /^([^=\s]+)\s*=\s*(.*)$/.exec(item));
  if (read.every((pair) => pair !== null))
    try {
      return Object.freeze(
        Object.fromEntries(read.map(([, name, value]) => [name, decodeURIComponent(value!)])),
      );
    } catch {
      // A value that is not percent-encoded text.
    }
  context.addIssue({ code: 'custom', message: 'must be name=value,name=value' });
  return z.NEVER;
});

export const commit = z.string().regex(/^[0-9a-f]{7,64}$/, 'must be the id of a commit');

/** Returns true for `address`, `IPv4:port` and `[IPv6]:port`. */
function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, six = '', four = '', port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  return (isIPv6(six) || isIPv4(four)) && Number(port) >= 1 && Number(port) <= 65_535;
}
