// Links as visits need them, remembered for a moment so that a busy one is not asked for at every click; and for as long as PostgreSQL is
// away, so that its visitors still get where they wanted.
import { compileLanding, type Landing } from '../../domain/attribution/landing.ts';
import type { Links, PublicLink } from '../../store/attribution/links.ts';
import { isOutage } from '../../store/db/pg-errors.ts';

/** A link with its landing page ready to be filled. */
export type KnownLink = PublicLink & { landing: Landing };

export type KnownLinks = {
  /** Null for a link that does not exist. Rejects when PostgreSQL is away and the link was not met before. */
  find(id: string): Promise<KnownLink | null>;
};

/** After this a link is asked for again, behind the back of the visitor who is answered from memory meanwhile. */
const BELIEVED_MS = 5000;
/** Unknown ids are remembered too, so that guessing costs no queries; beyond this many, those asked for longest ago are forgotten. */
const REMEMBERED = 20_000;

/** `link` is undefined while it is asked for the first time. */
type Memory = { link: KnownLink | null | undefined; until: number; asking: Promise<KnownLink | null> | null };

export function createKnownLinks({ links }: { links: Pick<Links, 'findPublic'> }): KnownLinks {
  const known = new Map<string, Memory>();

  async function ask(id: string, memory: Memory): Promise<KnownLink | null> {
    try {
      const found = await links.findPublic(id);
      memory.link = found === null ? null : { ...found, landing: landingOf(found) };
      return memory.link;
    } catch (error) {
      if (memory.link === undefined) known.delete(id);
      if (memory.link === undefined || !isOutage(error)) throw error;
      return memory.link;
    } finally {
      Object.assign(memory, { until: Date.now() + BELIEVED_MS, asking: null });
    }
  }

  function remember(id: string): Memory {
    const [oldest] = known.keys();
    if (known.size >= REMEMBERED && oldest !== undefined) known.delete(oldest);
    const memory: Memory = { link: undefined, until: 0, asking: null };
    known.set(id, memory);
    return memory;
  }

  return {
    async find(id) {
      const memory = known.get(id) ?? remember(id);
      if (memory.until <= Date.now()) {
        memory.asking ??= ask(id, memory);
        // Only who comes first waits for the answer, and hears if there is none.
        if (memory.link === undefined) return memory.asking;
        memory.asking.catch(() => {});
      }
      return memory.link ?? null;
    },
  };
}

/** A landing URL is judged when it is saved; one that was saved before a rule became stricter leads where it says, braces and all. */
function landingOf({ landingUrl, params }: PublicLink): Landing {
  const compiled = compileLanding(landingUrl, params);
  if (compiled.kind === 'landing') return compiled.landing;
  const [address = '', ...fragment] = landingUrl.split(/(?=#)/);
  return { address: { origin: address, path: [], query: [] }, fragment, params: [] };
}
