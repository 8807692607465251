// How many events the commission of a slot is for.
import { itemsWithOperator } from '../db/bulk.ts';
import type { Ledger } from './ledger-transaction.ts';
import { OF_COMPONENT_MONTHS, OF_SINGLES } from './slot-kinds.ts';

const own = (slot: string): string => `case
    when ${slot}.kind in ${OF_COMPONENT_MONTHS} then ${slot}.conversions_count
    when ${slot}.kind in ${OF_SINGLES} then least(${slot}.conversions_count, 1) else 0 end`;

/**
 * SQL: the conversions that are paid by slot `s`. Those of a month are all of its conversions; a
 * bounty is paid for one, however many deposits its customer made; a parent's part is for those of
 * its source; money by hand is for none.
 */
export const COVERED_EVENTS = `case when s.source_id is null then ${own('s')}
    else (select ${own('source')} from slots source
      where source.operator_id = s.operator_id and source.id = s.source_id) end`;

/** How many events each of these commissions is for, by its id. */
export async function readCoveredEvents(
  { client, operatorId }: Pick<Ledger, 'client' | 'operatorId'>,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: string; events: number }>(
    `select s.id, ${COVERED_EVENTS} as events from ${itemsWithOperator(2)}
     join slots s on s.operator_id = named.operator_id and s.id = named.item`,
    [operatorId, ids],
  );
  return new Map(rows.map(({ id, events }) => [id, events]));
}
