// Owners: the affiliate to whom a thing with an id belongs.
import type { Queryable } from '../db/pool.ts';

/** The rows `thing` and the affiliate of each, in a query that has the operator as $1. */
const OF_ENDPOINT = `join endpoints e on (e.operator_id, e.id) = (thing.operator_id, thing.endpoint_id)`;
const OWNER_OF = {
  affiliate: 'select thing.id as owner from affiliates thing',
  click: 'select thing.affiliate_id as owner from clicks thing',
  commission: 'select thing.affiliate_id as owner from slots thing',
  /** Not of whom it is about: webhooks of the operator hear of affiliates too. */
  delivery: `select e.affiliate_id as owner from deliveries thing ${OF_ENDPOINT}`,
  endpoint: 'select thing.affiliate_id as owner from endpoints thing',
  /** As it is attributed now. One that is not settled yet is nobody's. */
  event: `select thing.owner from (
    select operator_id, event_id as id, affiliate_id as owner from event_outcomes) thing`,
  link: 'select thing.affiliate_id as owner from links thing',
  payout: 'select thing.affiliate_id as owner from payouts thing',
  replay: `select e.affiliate_id as owner from replays thing ${OF_ENDPOINT}`,
  statement: 'select thing.affiliate_id as owner from statements thing',
  transfer: 'select thing.affiliate_id as owner from transfers thing',
} as const;

/** A kind of thing that an affiliate can own. */
export type Owned = keyof typeof OWNER_OF;

export type Owners = ReturnType<typeof createOwners>;

export function createOwners(db: Queryable) {
  return {
    /** The affiliate that owns a thing; null when nobody does, or it is not there. */
    async find(operatorId: string, thing: Owned, id: string): Promise<string | null> {
      const { rows } = await db.query<{ owner: string | null }>(
        `${OWNER_OF[thing]} where thing.operator_id = $1 and thing.id = $2`,
        [operatorId, id],
      );
      return rows[0]?.owner ?? null;
    },
  };
}
