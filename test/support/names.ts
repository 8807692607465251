// Look-ups of names without name servers, for tests of what happens with their addresses.
import type { LookUp, Names } from '../../delivery/names.ts';

/** Answers every name with these addresses. */
export function resolvingTo(...addresses: string[]): Names['lookUp'] {
  return async () => ({ kind: 'found', addresses });
}

/** Answers by a table; other names do not exist. */
export function resolvingBy(table: Readonly<Record<string, string[]>>): Names['lookUp'] {
  return async (hostname): Promise<LookUp> => {
    const addresses = table[hostname];
    if (addresses === undefined) return { kind: 'no_such_name' };
    return addresses.length === 0 ? { kind: 'no_address' } : { kind: 'found', addresses };
  };
}
