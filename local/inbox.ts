// What one affiliate's server of the bundled receiver has been told: counters and payout sums for everything, the last postbacks in full.
// It verifies nothing; `receiver.ts` hands in only what carried a good signature.

/** One postback as it arrived. `type` and `data` are read from the JSON body, the form or the query, whichever carried them. */
export interface Postback {
  id: string;
  received_at: string;
  attempt: string;
  method: string;
  url: string;
  body: string;
  type: string;
  data: Record<string, string>;
}

/** Counters of one inbox in the form the receiver answers with. `payouts` is the exact sum of `payout_delta` per currency, doubles left out. */
export interface InboxStats {
  received: number;
  distinct: number;
  doubled: number;
  bad_signatures: number;
  payouts: Record<string, string>;
}

export interface Inbox {
  /** Counts a postback; one whose id was seen before counts as doubled and changes no sum. */
  add(postback: Postback): void;
  /** Counts a request whose signature did not verify. */
  refuse(): void;
  /** The last postbacks, newest first. */
  recent(): Postback[];
  stats(): InboxStats;
}

const KEPT_IN_FULL = 1_000;
/** Ids remembered for finding doubles. A double that comes later than this many other postbacks counts as new; half costs less memory. */
const IDS_REMEMBERED = 500_000;

/** An empty inbox. */
export function createInbox(): Inbox {
  const ids = new Set<string>();
  const payouts = new Map<string, string>();
  const kept: Postback[] = [];
  let received = 0;
  let distinct = 0;
  let badSignatures = 0;

  return {
    add(postback) {
      // The array is a ring, so that a full inbox costs no more than an empty one.
      kept[received % KEPT_IN_FULL] = postback;
      received += 1;
      if (ids.has(postback.id)) return;
      ids.add(postback.id);
      distinct += 1;
      if (ids.size > IDS_REMEMBERED) forgetOldest(ids);
      const { payout_currency: currency, payout_delta: delta } = postback.data;
      if (currency && delta && isDecimal(delta))
        payouts.set(currency, addDecimals(payouts.get(currency) ?? '0', delta));
    },
    refuse() {
      badSignatures += 1;
    },
    recent() {
      const oldest = received % KEPT_IN_FULL;
      const inOrder = received <= KEPT_IN_FULL ? kept : [...kept.slice(oldest), ...kept.slice(0, oldest)];
      return inOrder.toReversed();
    },
    stats() {
      return {
        received,
        distinct,
        doubled: received - distinct,
        bad_signatures: badSignatures,
        payouts: Object.fromEntries(payouts),
      };
    },
  };
}

/** Whether the text is a plain decimal number such as `-12.50`. */
export function isDecimal(text: string): boolean {
  return /^-?\d{1,30}(\.\d{1,8})?$/.test(text);
}

/** The exact sum of two decimals, with as many decimals as the longer one: `0.10` and `-0.3` give `-0.20`. */
export function addDecimals(a: string, b: string): string {
  const places = Math.max(placesOf(a), placesOf(b));
  const sum = unitsOf(a, places) + unitsOf(b, places);
  if (places === 0) return String(sum);
  const digits = String(sum < 0n ? -sum : sum).padStart(places + 1, '0');
  return `${sum < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function placesOf(decimal: string): number {
  const point = decimal.indexOf('.');
  return point < 0 ? 0 : decimal.length - point - 1;
}

function unitsOf(decimal: string, places: number): bigint {
  return BigInt(decimal.replace('.', '') + '0'.repeat(places - placesOf(decimal)));
}

function forgetOldest(ids: Set<string>): void {
  for (const id of ids) {
    ids.delete(id);
    return;
  }
}
