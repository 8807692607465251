// SQL conditions on facts of slots.

/**
 * Whether a fact of `alias` is in force: its conversion was not rated again in the slot since.
 * Needs the operator as `$1`.
 */
export const inForce = (alias: string): string => `not exists (
    select from slot_facts later
    where later.operator_id = $1 and later.original_event_id = ${alias}.original_event_id
      and later.slot_id = ${alias}.slot_id and later.revision > ${alias}.revision and later.revision > 0)`;

/** Whether a fact of `alias` is a conversion with its values. */
export const isAccrual = (alias: string): string =>
  `${alias}.event_id = ${alias}.original_event_id and ${alias}.type not in ('left', 'rejected')`;
