// SQL conditions on facts of slots.

/**
 * Whether a fact of `alias` is in force: its conversion was not rated again in the slot since.
 * Needs the operator as `$1`.
 */
export const inForce = (alias: string): string => `not exists (
    select from slot_facts later
    where later.operator_id = $1 and later.original_event_id = ${alias}.original_event_id
      and later.slot_id = ${alias}.slot_id and later.revision > ${alias}.revision and later.revision > 0)`;

/**
 * The same for a statement that reads most facts of an operator, as the audit does: those that were
 * rated again since are hashed, since they are few, and not all facts.
 */
export const isAmongInForce = (alias: string): string => `
    (${alias}.original_event_id, ${alias}.slot_id, ${alias}.revision) not in (
      select original_event_id, slot_id, generate_series(0, max(revision) - 1)
      from slot_facts where operator_id = $1 and revision > 0 group by original_event_id, slot_id)`;

/** Whether a fact of `alias` is a conversion with its values. */
export const isAccrual = (alias: string): string =>
  `${alias}.event_id = ${alias}.original_event_id and ${alias}.type not in ('left', 'rejected')`;
