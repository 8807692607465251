// States and owners of a delivery. A delivery has exactly one owner until it is finished, and none
// afterwards; the transitions between them are in store/delivery/transitions/.

export const UNFINISHED_STATES = ['pending', 'retrying', 'held'] as const;
export const FINISHED_STATES = ['delivered', 'gave_up', 'cancelled'] as const;
export const DELIVERY_STATES = [...UNFINISHED_STATES, ...FINISHED_STATES] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/**
 * States from which a replay sends a delivery again. A replay makes a delivery that waits for its
 * next try due at once.
 */
export const REPLAYABLE = ['gave_up', 'delivered', 'retrying', 'held'] as const;
export type Replayable = (typeof REPLAYABLE)[number];

/**
 * Owner of an unfinished delivery: the batch that planned it, a workflow for this delivery alone
 * (`self`), the queue of its endpoint, or an earlier delivery about the same conversion
 * (`predecessor`).
 */
export const OWNERS = ['batch', 'self', 'endpoint', 'predecessor'] as const;
export type Owner = (typeof OWNERS)[number];

/** Causes of a next try that is not on the schedule. */
export const UNSCHEDULED_CAUSES = ['manual', 'replay'] as const;
export type UnscheduledCause = (typeof UNSCHEDULED_CAUSES)[number];

/** Causes of an attempt. */
export const ATTEMPT_CAUSES = ['first', 'retry', ...UNSCHEDULED_CAUSES, 'probe'] as const;

/** Owners that make attempts. */
export type SendingOwner = Exclude<Owner, 'predecessor'>;
