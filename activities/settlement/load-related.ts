// Loads the events that a batch needs beside its own: what its reversals reverse, what reverses its
// conversions, and where a reversal divides its amount, all conversions of the customer.
import { namesChargeback } from '../../domain/commission/reversals.ts';
import { spreadAmong } from '../../domain/settlement/reversal-effects.ts';
import { knownOf } from '../../domain/settlement/settlement.ts';
import { isConversion } from '../../domain/types.ts';
import type { Side } from '../../store/db/locks.ts';
import type { PoolClient } from '../../store/db/pool.ts';
import type { LoadedEvent } from '../../store/settlement/event-rows.ts';
import { findOthers, findWins, loadEvents } from '../../store/settlement/load-events.ts';

/**
 * The batch's own events and the related ones. `otherIds`: the ids that `findOthers` returned for
 * them. A batch of conversions whose customers have no chargebacks needs no further query.
 */
export async function withRelated(
  client: PoolClient,
  operatorId: string,
  { side, own, otherIds }: { side: Side; own: readonly LoadedEvent[]; otherIds: readonly string[] },
): Promise<LoadedEvent[]> {
  const all = new Map(own.map((loaded) => [loaded.event.id, loaded]));
  /** Loads the events that are not loaded yet, and returns them. */
  async function add(ids: readonly string[]): Promise<LoadedEvent[]> {
    const added = await loadEvents(
      client,
      operatorId,
      ids.filter((id) => !all.has(id)),
    );
    for (const loaded of added) all.set(loaded.event.id, loaded);
    return added;
  }
  const addConversionsOf = async (reversals: readonly LoadedEvent[]): Promise<LoadedEvent[]> =>
    reversals.length === 0
      ? []
      : await add(await findOthers(client, operatorId, 'reversals', idsOf(reversals)));
  async function addReversalsOf(some: readonly LoadedEvent[]): Promise<void> {
    const conversions = some.filter(({ event }) => isConversion(event.type));
    const found =
      conversions.length === 0
        ? []
        : await add(await findOthers(client, operatorId, 'conversions', idsOf(conversions)));
    const chargebacks = [...some, ...found].filter(({ event }) => event.type === 'chargeback');
    await add(await findWins(client, operatorId, idsOf(chargebacks)));
  }

  const others = await add(otherIds);
  if (side === 'conversions') {
    await add(await findWins(client, operatorId, idsOf(others.filter(isChargeback))));
    return [...all.values()];
  }
  const named = others.filter(({ event: chargeback }) =>
    own.some(({ event }) => namesChargeback(event, chargeback)),
  );
  await addConversionsOf(named);
  await addReversalsOf([...all.values()]);
  // A conversion that leaves the books may share its id with one that stays, to which its reversals
  // go on to belong.
  if (side === 'amendments') {
    const byReference = ({ event }: LoadedEvent): boolean =>
      event.reference !== null && !isConversion(event.type);
    await addReversalsOf(await addConversionsOf([...all.values()].filter(byReference)));
  }
  const ownIds = new Set(idsOf(own));
  const spread = spreadAmong([...knownOf([...all.values()]).reversals, ...own]).filter(
    ({ event }) => !ownIds.has(event.id),
  );
  await addReversalsOf(await addConversionsOf(spread as LoadedEvent[]));
  return [...all.values()];
}

const idsOf = (events: readonly LoadedEvent[]): string[] => events.map(({ event }) => event.id);

const isChargeback = ({ event }: LoadedEvent): boolean => event.type === 'chargeback';
