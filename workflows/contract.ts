// Contract between API and worker: task queues, workflow names and inputs, signals, queries, search
// attributes. Carries ids, counts and reasons only: no money and no customer data.

/**
 * Task queues of batches, of single attempts, and of drains and housekeeping. Separate queues keep
 * a slow endpoint's retries from delaying batches.
 */
export const TASK_QUEUES = {
  batches: 'postrider-batches',
  attempts: 'postrider-attempts',
  upkeep: 'postrider-upkeep',
} as const;

/** Ids of one operator's events. */
export type OperatorEvents = { operatorId: string; eventIds: string[] };

/**
 * Input of a batch: the events that the dispatcher gathered since its last start, by operator.
 * `traceparent`: the span of the batch, where spans are made.
 */
export type BatchInput = { batchId: string; operators: OperatorEvents[]; traceparent?: string };

/** Begins the span of a batch: the input that names it, and what is called when the batch ended. */
export type TraceBatch = (batch: BatchInput) => { batch: BatchInput; end: (isDone: boolean) => void };

/** Most events of a batch. Their ids take 15 KB of history. */
export const MAX_BATCH_EVENTS = 500;

/** Groups events by operator, in the form of a batch's input. */
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
export type StuckActionInput = {
  operatorId: string;
  actionId: string;
  action: 'retry' | 'give_up' | 'acknowledge' | 'pause';
};
export type PayoutRunInput = { operatorId: string; runId: string };
export type ImportInput = { operatorId: string; importId: string };
export type ErasureInput = { operatorId: string; erasureId: string };
export type PeriodInput = { operatorId: string; period: string };
export type SetAsideInput = { operatorId: string; reason: string };
/**
 * Orphans to match: of one operator, or of all (null). `after`, `isWoken` and `settled` continue an
 * earlier run.
 */
export type RematchInput = {
  operatorId: string | null;
  after?: OrphanPosition;
  isWoken?: boolean;
  settled?: number;
};
/** Position in the order in which orphans are read. */
export type OrphanPosition = { operatorId: string; eventId: string };

/** Deal version by which settled conversions are rated again. */
export type RerateInput = { operatorId: string; dealId: string; version: number };

/** Operator of the amendments. `applied`: number applied by earlier runs. */
export type AmendInput = { operatorId: string; applied?: number };

/** Registered workflow names. They never change once released. */
export const WORKFLOWS = {
  processConversions: 'processConversions',
  settleSetAside: 'settleSetAside',
  deliverPostback: 'deliverPostback',
  drainEndpoint: 'drainEndpoint',
  replayPostbacks: 'replayPostbacks',
  actOnStuck: 'actOnStuck',
  runPayouts: 'runPayouts',
  importEvents: 'importEvents',
  eraseCustomer: 'eraseCustomer',
  sweep: 'sweep',
  releaseHolds: 'releaseHolds',
  rematchOrphans: 'rematchOrphans',
  rerateDeal: 'rerateDeal',
  applyAmendments: 'applyAmendments',
  purge: 'purge',
  closePeriod: 'closePeriod',
  closeDuePeriods: 'closeDuePeriods',
  sendNotices: 'sendNotices',
  countReports: 'countReports',
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
  acknowledge: 'acknowledge',
} as const;

export const STATUS_QUERY = 'status';

/**
 * Search attributes by type, registered at every start. Temporal on SQL has room for 10 of type
 * Keyword and 3 of each other type.
 */
export const SEARCH_ATTRIBUTES = {
  keyword: [
    'OperatorId',
    'AffiliateId',
    'AffiliateName',
    'EndpointId',
    'EndpointName',
    'EndpointHost',
    'EventType',
    'DeliveryState',
    'LastError',
    'NextReason',
  ],
  keywordList: ['NotTold'],
  int: ['Attempts', 'Held', 'GaveUp'],
  datetime: ['StuckSince', 'NextAttemptAt'],
} as const;

/** Type of the failure of a delivery that was given up, in Temporal. */
export const GAVE_UP = 'GaveUp';
