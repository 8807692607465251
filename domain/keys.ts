// Workflow ids, account ids, and slot keys that belong to no component (each component's kind makes
// its own).
// A released key never changes: a changed key would be a new key, and past commission would be
// booked twice.

/** Settles, delivers and hands over one batch of events. */
export const conversionsWorkflowId = (batchId: string): string => `conversions/${batchId}`;
/** Retries one failed delivery. */
export const deliveryWorkflowId = (deliveryId: string): string => `delivery/${deliveryId}`;
/** Drains the queue of one failing endpoint. */
export const endpointWorkflowId = (endpointId: string): string => `endpoint/${endpointId}`;
/** Replays postbacks selected by a filter. */
export const replayWorkflowId = (replayId: string): string => `replay/${replayId}`;
/** Acts on stuck postbacks selected by a filter. */
export const stuckActionWorkflowId = (actionId: string): string => `stuck/${actionId}`;
/** Pays affiliates for whom enough is payable. */
export const payoutRunWorkflowId = (runId: string): string => `payout-run/${runId}`;
/** Takes in the events of a file. */
export const importWorkflowId = (importId: string): string => `import/${importId}`;
/** Erases a customer. */
export const erasureWorkflowId = (erasureId: string): string => `erase/${erasureId}`;
/** Matches the orphans of an operator again; of all operators, by schedule, when null. */
export const rematchWorkflowId = (operatorId: string | null): string =>
  operatorId === null ? 'rematch-orphans' : `rematch-orphans/${operatorId}`;
/** Rates settled conversions again by a deal version that began before them. */
export const rerateWorkflowId = (dealId: string, version: number): string => `rerate/${dealId}/${version}`;
/** Books the amendments of an operator. */
export const amendmentsWorkflowId = (operatorId: string): string => `amendments/${operatorId}`;
/** Retries the events of an operator that were set aside for one reason. */
export const setAsideWorkflowId = (operatorId: string, reason: string): string =>
  `set-aside/${operatorId}/${reason}`;
/** Closes one month of an operator's books. */
export const periodWorkflowId = (operatorId: string, period: string): string =>
  `period/${operatorId}/${period}`;

/** Monthly total of a deal for an affiliate, which tiers count. */
export const monthSlotKey = (dealId: string, affiliateId: string, period: string): string =>
  `month/${dealId}/${affiliateId}/${period}`;
/** Share of a parent in a slot, by the level above the affiliate, from 1. */
export const overrideSlotKey = (level: number, parentId: string, sourceKey: string): string =>
  `override/${level}/${parentId}/${sourceKey}`;
/** Part of a month since another parent stands above the affiliate. */
export const partSlotKey = (monthKey: string, parentsSince: number): string =>
  `${monthKey}/parents since ${new Date(parentsSince).toISOString()}`;

/** Whether this is what an erased customer is known by: no longer anybody's id. */
export const isErasedId = (customerId: string): boolean => /^erased_[0-9a-z]{26}$/.test(customerId);
/** The end of the key of every slot that is of one customer. */
export const ofCustomer = (customerId: string): string => `/customer ${customerId}`;

/** Manual adjustment, made once per idempotency key. */
export const manualSlotKey = (idempotencyKey: string): string => `manual/${idempotencyKey}`;
/**
 * Write-off with an idempotency key. A write-off has no slot, so this is the key of its transfer.
 */
export const writeOffKey = (idempotencyKey: string): string => `write_off/${idempotencyKey}`;

/** Purposes of accounts: one account per affiliate or per operator, and per currency. */
export const AFFILIATE_PURPOSES = ['pending', 'payable', 'in_payout', 'debt'] as const;
export const OPERATOR_PURPOSES = ['expense', 'cash', 'write_off', 'adjustment'] as const;
export type AffiliatePurpose = (typeof AFFILIATE_PURPOSES)[number];
export type OperatorPurpose = (typeof OPERATOR_PURPOSES)[number];

export const affiliateAccountId = (purpose: AffiliatePurpose, affiliateId: string): string =>
  `${purpose}/${affiliateId}`;
export const operatorAccountId = (purpose: OperatorPurpose): string => purpose;
