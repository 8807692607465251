// What the processes agree on: task queues, workflow names and inputs, signals, queries, search attributes. No money and no customer's data
// passes here: ids, counts and reasons only.

/** Three queues, so that a slow endpoint's retries never hold up a batch: batches, single attempts, drains and housekeeping. */
export const TASK_QUEUES = {
  batches: 'postrider-batches',
  attempts: 'postrider-attempts',
  upkeep: 'postrider-upkeep',
} as const;

/** Ids of one operator's events. */
export type OperatorEvents = { operatorId: string; eventIds: string[] };

/** One batch: what intake gathered since its last start, grouped by operator. */
export type BatchInput = { batchId: string; operators: OperatorEvents[] };

/** The most events of a batch: their ids make 15 KB of history. */
export const BATCH_AT_MOST = 500;

/** Groups events by operator, as a batch's input carries them. */
export function byOperator(events: readonly { operatorId: string; id: string }[]): OperatorEvents[] {
  const groups = new Map<string, string[]>();
  for (const { operatorId, id } of events) {
    const ids = groups.get(operatorId);
    if (ids) ids.push(id);
    else groups.set(operatorId, [id]);
  }
  return [...groups].map(([operatorId, eventIds]) => ({ operatorId, eventIds }));
}

export type DeliveryInput = { operatorId: string; deliveryId: string };
export type EndpointInput = { operatorId: string; endpointId: string };
export type ReplayInput = { operatorId: string; replayId: string };
export type PeriodInput = { operatorId: string; period: string };
export type SetAsideInput = { operatorId: string; reason: string };
/** Which orphans to look through again: one operator's, or all. The rest is where an earlier run left off. */
export type RematchInput = {
  operatorId: string | null;
  after?: OrphanPosition;
  isWoken?: boolean;
  settled?: number;
};
/** Orphans are looked through in this order. */
export type OrphanPosition = { operatorId: string; eventId: string };

/** The deal version by which settled conversions are rated again. */
export type RerateInput = { operatorId: string; dealId: string; version: number };

/** Whose amendments are booked. `applied`: how many were in earlier runs. */
export type AmendInput = { operatorId: string; applied?: number };

/** Names of workflows as registered; they never change once shipped. */
export const WORKFLOWS = {
  processConversions: 'processConversions',
  settleSetAside: 'settleSetAside',
  deliverPostback: 'deliverPostback',
  drainEndpoint: 'drainEndpoint',
  replayPostbacks: 'replayPostbacks',
  sweep: 'sweep',
  releaseHolds: 'releaseHolds',
  rematchOrphans: 'rematchOrphans',
  rerateDeal: 'rerateDeal',
  applyAmendments: 'applyAmendments',
  purge: 'purge',
  closePeriod: 'closePeriod',
  closeDuePeriods: 'closeDuePeriods',
} as const;

export const SIGNALS = {
  wake: 'wake',
  switched: 'switched',
  retryNow: 'retryNow',
  giveUp: 'giveUp',
  pause: 'pause',
  resume: 'resume',
  disable: 'disable',
  cancel: 'cancel',
  retry: 'retry',
  dismiss: 'dismiss',
} as const;

export const STATUS_QUERY = 'status';

/** Search attributes by type; registered at start-up, idempotently. */
export const SEARCH_ATTRIBUTES = {
  keyword: ['OperatorId', 'AffiliateId', 'EndpointId', 'EventType', 'DeliveryState', 'LastError'],
  int: ['Attempts', 'Held'],
  datetime: ['NextAttemptAt'],
} as const;
