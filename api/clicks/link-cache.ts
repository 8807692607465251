// Cache of links for redirects, so that a busy link is not queried at every click. While PostgreSQL
// is away it keeps answering from memory, so that visitors still reach the landing page.
import { LRUCache } from 'lru-cache';
import { compileLanding, type Landing } from '../../domain/attribution/landing.ts';
import type { Links, PublicLink } from '../../store/attribution/links.ts';
import { isOutage } from '../../store/db/pg-errors.ts';

/** A link with its compiled landing URL. */
type CachedLink = PublicLink & { landing: Landing };

export type LinkCache = {
  /** Null for an unknown id. Rejects while PostgreSQL is away, unless the link is cached. */
  find(id: string): Promise<CachedLink | null>;
  /** The next visitor waits for the look-up, since the link was changed here. */
  doubt(id: string): void;
};

type LinkCacheDeps = {
  links: Pick<Links, 'findPublic'>;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
};

/** An entry older than this is looked up again, while visitors are answered from the old entry. */
const BELIEVED_MS = 5000;
/**
 * Visitors of an entry older than this wait for the look-up: the link may have been turned off
 * since its last visitor.
 */
const DOUBTED_MS = 10_000;
/** The longest wait for the look-up; then the old entry answers. */
const VISITOR_WAITS_MS = 1000;
/** Size of the cache of links and of the cache of unknown ids. */
const REMEMBERED = 20_000;
/** An expired entry still answers, while its replacement is being looked up. */
const CACHE = {
  max: REMEMBERED,
  ttl: BELIEVED_MS,
  ttlResolution: 0,
  allowStale: true,
  noDeleteOnStaleGet: true,
};

export function createLinkCache({ links, now = () => performance.now() }: LinkCacheDeps): LinkCache {
  const options = { ...CACHE, perf: { now } };
  const known = new LRUCache<string, CachedLink>(options);
  /** Unknown ids, so that guessing costs no queries. A flood of them cannot evict links. */
  const unknown = new LRUCache<string, true>(options);
  /** Look-ups under way, by id. */
  const asking = new Map<string, Promise<CachedLink | null>>();

  async function ask(id: string): Promise<CachedLink | null> {
    try {
      const found = await links.findPublic(id);
      return remember(id, found === null ? null : { ...found, landing: landingOf(found) });
    } catch (error) {
      const link = recall(id);
      if (link === undefined) throw error;
      remember(id, link);
      if (!isOutage(error)) throw error;
      return link;
    }
  }

  /** The link, null for an unknown id, or undefined for an id that is not cached. */
  function recall(id: string): CachedLink | null | undefined {
    return known.get(id) ?? (unknown.get(id) === true ? null : undefined);
  }

  function remember(id: string, link: CachedLink | null): CachedLink | null {
    if (link === null) unknown.set(id, true);
    else known.set(id, link);
    (link === null ? known : unknown).delete(id);
    return link;
  }

  /** Age of the entry in milliseconds. */
  function ageOf(id: string): number {
    const entries = known.peek(id) === undefined ? unknown : known;
    return BELIEVED_MS - entries.getRemainingTTL(id);
  }

  return {
    async find(id) {
      const link = recall(id);
      if (link !== undefined && ageOf(id) < BELIEVED_MS) return link;
      const answer = asking.get(id) ?? ask(id).finally(() => asking.delete(id));
      asking.set(id, answer);
      // Only requests for an uncached link see the failure of the look-up.
      if (link === undefined) return answer;
      const found = answer.catch(() => link);
      if (ageOf(id) < DOUBTED_MS) return link;
      // While PostgreSQL hangs, a late look-up renews the entry, so that only one visitor waits.
      return await within(VISITOR_WAITS_MS, found, () => remember(id, link));
    },
    doubt(id) {
      const age = (): void => {
        const link = known.peek(id);
        if (link !== undefined) known.set(id, link, { start: now() - DOUBTED_MS });
      };
      age();
      // A look-up under way may have read the link before its change.
      void asking.get(id)?.then(age, age);
    },
  };
}

/** The result of `work`, or what `late` returns when it takes longer. */
async function within<T>(ms: number, work: Promise<T>, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), ms);
  });
  return await Promise.race([work, passed]).finally(() => clearTimeout(timer));
}

/**
 * Landing URLs are checked when saved. A stored one that breaks a newer, stricter rule is used
 * unchanged, with its braces.
 */
function landingOf({ landingUrl, params }: PublicLink): Landing {
  const compiled = compileLanding(landingUrl, params);
  if (compiled.kind === 'landing') return compiled.landing;
  const [address = '', ...fragment] = landingUrl.split(/(?=#)/);
  return { address: { origin: address, path: [], query: [] }, fragment, params: [], filled: [] };
}
