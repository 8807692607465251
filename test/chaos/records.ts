// Records of a chaos run: what the callers, the receivers and the API said, and what was done to
// the parts. The judgements read nothing else. Times are in milliseconds since 1970.

/** One call of a caller, with all its tries. */
export interface CallRecord {
  /** The operator's number. */
  readonly operator: number;
  /** Such as `POST /v1/events`. */
  readonly request: string;
  /** Of an event: its type and transaction id. */
  readonly event: string | null;
  /** Of the answer that ended the call; 0 when none came. */
  readonly status: number;
  /** The id that the answer gave. */
  readonly id: string | null;
  readonly tries: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** One request that a receiver got. */
export interface Arrival {
  /** The `webhook-id`. */
  readonly id: string;
  /** The `webhook-attempt`. */
  readonly attempt: number;
  readonly path: string;
  readonly type: string;
  readonly eventId: string | null;
  /** The conversion that it is about. */
  readonly conversionId: string | null;
  readonly affiliateId: string | null;
  readonly via: string | null;
  readonly payout: string | null;
  readonly payoutDelta: string | null;
  readonly currency: string | null;
  readonly receivedAt: number;
  /** Null: the connection ended before a whole answer was sent. */
  readonly answeredAt: number | null;
  readonly status: number | null;
}

export type FaultKind = 'kill' | 'freeze' | 'cut' | 'delay' | 'half-open';

/** Something that was done to a part or a cable. */
export interface Disturbance {
  readonly kind: FaultKind;
  readonly target: string;
  readonly from: number;
  /** When it was over: of a kill, when the part worked again. */
  readonly until: number;
}

export interface EndpointSeen {
  readonly id: string;
  /** The path at the receiver. */
  readonly path: string;
  /** Null: the operator's own webhook. */
  readonly affiliateId: string | null;
  /** Its receiver never works, so that something is left unfinished. */
  readonly isDead: boolean;
}

export interface EventSeen {
  readonly id: string;
  readonly status: string;
  readonly event: { readonly event: string; readonly transaction_id?: string };
  readonly attribution: { readonly affiliate_id: string } | null;
}

export interface AttemptSeen {
  readonly number: number;
  readonly cause: string;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly sends: number;
}

export interface DeliverySeen {
  readonly id: string;
  readonly endpoint_id: string;
  readonly event_id: string | null;
  readonly type: string;
  readonly state: string;
  readonly owner: string | null;
  readonly next_reason: string | null;
  readonly last_error: string | null;
  readonly pause_reason: string | null;
  readonly predecessor_id: string | null;
  readonly replay_id: string | null;
}

export interface BalanceSeen {
  readonly affiliateId: string;
  readonly currency: string;
  /** All of pending, payable, in payout and paid, less the debt. */
  readonly sum: string;
}

/** What the API says of one operator at the end. */
export interface OperatorSeen {
  readonly number: number;
  readonly endpoints: readonly EndpointSeen[];
  readonly events: readonly EventSeen[];
  readonly deliveries: readonly DeliverySeen[];
  /** By delivery, of those that came again after they were accepted. */
  readonly attempts: Readonly<Record<string, readonly AttemptSeen[]>>;
  readonly balances: readonly BalanceSeen[];
  readonly stuck: readonly { readonly endpointId: string; readonly count: number; readonly reason: string }[];
}

/** All that a run is judged by. */
export interface Evidence {
  readonly calls: readonly CallRecord[];
  readonly arrivals: readonly Arrival[];
  readonly disturbances: readonly Disturbance[];
  readonly operators: readonly OperatorSeen[];
}

/** A promise that was not kept, and the ids to look at. */
export interface Violation {
  readonly judgement: string;
  readonly what: string;
  readonly ids: readonly string[];
}

/** Whether the receiver said that it has it. */
export const isAccepted = ({ status, answeredAt }: Arrival): boolean =>
  answeredAt !== null && status !== null && status >= 200 && status < 300;

/** Groups items in their order. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
