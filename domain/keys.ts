// Every workflow id, and every key of the books but for those of components' slots, which each kind
// makes itself.
// A key never changes its meaning once shipped: a changed key is a new key, and the past would be
// booked twice.

/** One batch of events on its way: settled, delivered, handed over. */
export const conversionsWorkflowId = (batchId: string): string => `conversions/${batchId}`;
/** One postback in trouble. */
export const deliveryWorkflowId = (deliveryId: string): string => `delivery/${deliveryId}`;
/** One endpoint in trouble, with all that waits for it. */
export const endpointWorkflowId = (endpointId: string): string => `endpoint/${endpointId}`;
/** One replay: postbacks sent again by a filter. */
export const replayWorkflowId = (replayId: string): string => `replay/${replayId}`;
/** An operator's orphans, looked through again; all operators' by schedule. */
export const rematchWorkflowId = (operatorId: string | null): string =>
  operatorId === null ? 'rematch-orphans' : `rematch-orphans/${operatorId}`;
/** Settled conversions rated again by a deal version that began before them. */
export const rerateWorkflowId = (dealId: string, version: number): string => `rerate/${dealId}/${version}`;
/** What an operator amended, on its way into the books. */
export const amendmentsWorkflowId = (operatorId: string): string => `amendments/${operatorId}`;
/** All events of an operator that were set aside for one reason. */
export const setAsideWorkflowId = (operatorId: string, reason: string): string =>
  `set-aside/${operatorId}/${reason}`;
/** A month of an operator's books being closed. */
export const periodWorkflowId = (operatorId: string, period: string): string =>
  `period/${operatorId}/${period}`;

/** What a deal's month came to for an affiliate, for tiers that count it. */
export const monthSlotKey = (dealId: string, affiliateId: string, period: string): string =>
  `month/${dealId}/${affiliateId}/${period}`;
/** A parent's part of a slot, by the level above the affiliate, from 1. */
export const overrideSlotKey = (level: number, sourceKey: string): string => `override/${level}/${sourceKey}`;

/** An adjustment by hand is made once per key that its author gave it. */
export const manualSlotKey = (idempotencyKey: string): string => `manual/${idempotencyKey}`;
/** A write-off likewise, where a key was given; it is no slot, so this is its transfer's key. */
export const writeOffKey = (idempotencyKey: string): string => `write_off/${idempotencyKey}`;

/** What an account is for. Those of affiliates come one per affiliate, the others one per operator; each per currency. */
export type AffiliatePurpose = 'pending' | 'payable' | 'in_payout' | 'debt';
export type OperatorPurpose = 'expense' | 'cash' | 'write_off' | 'adjustment';

export const affiliateAccountId = (purpose: AffiliatePurpose, affiliateId: string): string =>
  `${purpose}/${affiliateId}`;
export const operatorAccountId = (purpose: OperatorPurpose): string => purpose;
