// Releases commissions whose hold has ended: pending becomes payable. In chunks, each by a handful
// of statements, so that a month's worth takes seconds.
import { releasedOf } from '../../domain/delivery/bodies.ts';
import { newId } from '../db/ids.ts';
import { announce, hasListeners, readReportedCommissions } from './announcements.ts';
import type { Pool } from '../db/pool.ts';
import { inLedger, type Ledger } from './ledger-transaction.ts';
import { postReleases, type ReleasedSlot } from './post-releases.ts';

/**
 * How many commissions were released, whether more are due, and the endpoints to wake after the
 * commit.
 */
type Released = { released: number; more: boolean; endpointsToWake: string[] };

/**
 * Slots of one transaction: few enough that other transactions wait for them only a fraction of a
 * second.
 */
const CHUNK = 2000;

/**
 * Concurrent transactions, each for affiliates of its own, since chunks of the same affiliate wait
 * for its balance. A power of two.
 */
const LANES = 2;

export function createHolds(pool: Pool) {
  /**
   * Releases the slots of a lane's affiliates chunk by chunk. Repeating a chunk changes nothing.
   */
  async function releaseLane(
    operatorId: string,
    lane: number,
    before: Date | null,
    deadline: number,
  ): Promise<Released> {
    const endpoints = new Set<string>();
    let released = 0;
    for (;;) {
      const chunk = await inLedger(pool, operatorId, (ledger) => releaseChunk(ledger, lane, before));
      released += chunk.released;
      for (const endpoint of chunk.endpointsToWake) endpoints.add(endpoint);
      if (!chunk.more || Date.now() >= deadline)
        return { released, more: chunk.more, endpointsToWake: [...endpoints] };
    }
  }

  return {
    /**
     * Releases commissions whose hold ended by now, or by `before` if given. Stops at the deadline
     * (milliseconds since 1970).
     */
    async release(operatorId: string, before: Date | null, deadline: number): Promise<Released> {
      const lanes = await Promise.all(
        Array.from({ length: LANES }, (_, lane) => releaseLane(operatorId, lane, before, deadline)),
      );
      return {
        released: lanes.reduce((sum, { released }) => sum + released, 0),
        more: lanes.some(({ more }) => more),
        endpointsToWake: [...new Set(lanes.flatMap(({ endpointsToWake }) => endpointsToWake))],
      };
    },
  };
}

async function releaseChunk(ledger: Ledger, lane: number, before: Date | null): Promise<Released> {
  const { now } = ledger;
  const due = before !== null && before < now ? before : now;
  const found = await findDue(ledger, lane, due);
  if (found.length === 0) return { released: 0, more: false, endpointsToWake: [] };
  const group = newId('bat');
  const slots = await postReleases(ledger, group, due, found);
  return {
    released: slots.length,
    more: found.length === CHUNK,
    endpointsToWake: await announceReleased(ledger, group, slots),
  };
}

/**
 * Finds the first due slots by the index of held slots alone. The planner takes every tenant for a
 * small one, and would rather read and sort all of the tenant's slots for each chunk.
 */
async function findDue({ client, operatorId }: Ledger, lane: number, due: Date): Promise<string[]> {
  await client.query(`set local enable_sort = off; set local enable_bitmapscan = off`);
  const { rows } = await client.query<{ id: string }>(
    `select id from slots
     where operator_id = $1 and pending_minor > 0 and hold_until <= $2
       and hashtext(affiliate_id) & ${LANES - 1} = $3
     order by hold_until limit ${CHUNK}`,
    [operatorId, due, lane],
  );
  await client.query(`set local enable_sort = on; set local enable_bitmapscan = on`);
  return rows.map(({ id }) => id);
}

/**
 * Plans announcements that commissions became payable. Returns the endpoints to wake after the
 * commit.
 */
export async function announceReleased(
  ledger: Ledger,
  group: string,
  slots: readonly ReleasedSlot[],
): Promise<string[]> {
  if (slots.length === 0 || !(await hasListeners(ledger, ['conversion.released']))) return [];
  const commissions = await readReportedCommissions(ledger, slots);
  return announce(
    ledger,
    group,
    slots.map(({ id, releasedMinor }) => releasedOf(commissions.get(id)!, releasedMinor)),
  );
}
