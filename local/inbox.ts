// Inbox of one affiliate of the bundled receiver: counters and payout sums of all postbacks, and
// the latest postbacks in full. `receiver.ts` adds requests with a valid signature, and those that
// it cannot check.

/** One received postback. `type` and `data` come from the JSON body, the form or the query. */
export interface Postback {
  id: string;
  received_at: string;
  attempt: string;
  method: string;
  url: string;
  body: string;
  type: string;
  data: Record<string, string>;
  /** Values of `webhook-timestamp` and `webhook-signature`. */
  timestamp: string;
  signature: string;
  /** Unknown while the secret of its endpoint is. */
  verdict: 'valid' | 'unknown' | 'bad signature';
}

/**
 * Counters of an inbox, as the receiver's API returns them. `payouts`: exact sum of `payout_delta`
 * per currency, without duplicates.
 */
export interface InboxStats {
  received: number;
  distinct: number;
  doubled: number;
  unchecked: number;
  bad_signatures: number;
  payouts: Record<string, string>;
}

export interface Inbox {
  /** Counts a postback. A known id counts as a duplicate and changes no sum. */
  add(postback: Postback): void;
  /** Counts a request with an invalid signature. */
  refuse(): void;
  /**
   * Judges the kept postbacks whose signature could not be checked when they came, and counts anew
   * without those whose signature does not fit.
   */
  judge(isSigned: (postback: Postback) => boolean): void;
  /** The latest postbacks, newest first. */
  recent(): Postback[];
  stats(): InboxStats;
}

const MAX_KEPT = 1_000;
/**
 * Ids remembered to detect duplicates. After this many other postbacks a duplicate counts as new.
 */
const MAX_REMEMBERED_IDS = 500_000;

/** Creates an empty inbox. */
export function createInbox(): Inbox {
  const ids = new Set<string>();
  const payouts = new Map<string, string>();
  const kept: Postback[] = [];
  let received = 0;
  let distinct = 0;
  let doubled = 0;
  let badSignatures = 0;
  let unchecked = 0;

  function count({ id, data }: Postback): void {
    if (ids.has(id)) {
      doubled += 1;
      return;
    }
    ids.add(id);
    distinct += 1;
    if (ids.size > MAX_REMEMBERED_IDS) forgetOldest(ids);
    const { payout_currency: currency, payout_delta: delta } = data;
    if (currency && delta && isDecimal(delta))
      payouts.set(currency, addDecimals(payouts.get(currency) ?? '0', delta));
  }

  function inOrder(): Postback[] {
    const oldest = received % MAX_KEPT;
    return received <= MAX_KEPT ? [...kept] : [...kept.slice(oldest), ...kept.slice(0, oldest)];
  }

  return {
    add(postback) {
      if (postback.verdict === 'unknown') unchecked += 1;
      // Ring buffer: adding to a full inbox costs no more than to an empty one.
      kept[received % MAX_KEPT] = postback;
      received += 1;
      count(postback);
    },
    refuse() {
      badSignatures += 1;
    },
    judge(isSigned) {
      const all = inOrder();
      for (const postback of all.filter(({ verdict }) => verdict === 'unknown')) {
        postback.verdict = isSigned(postback) ? 'valid' : 'bad signature';
        if (postback.verdict !== 'valid') badSignatures += 1;
      }
      ids.clear();
      payouts.clear();
      [distinct, doubled, unchecked] = [0, 0, 0];
      for (const postback of all.filter(({ verdict }) => verdict === 'valid')) count(postback);
    },
    recent() {
      return inOrder().toReversed();
    },
    stats() {
      return {
        received,
        distinct,
        doubled,
        unchecked,
        bad_signatures: badSignatures,
        payouts: Object.fromEntries(payouts),
      };
    },
  };
}

/** Whether the text is a plain decimal number such as `-12.50`. */
function isDecimal(text: string): boolean {
  return /^-?\d{1,30}(\.\d{1,8})?$/.test(text);
}

/**
 * The exact sum of two decimals, with as many decimals as the longer one: `0.10` and `-0.3` give
 * `-0.20`.
 */
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
