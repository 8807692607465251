// The tries of one postback in trouble, on behalf of its own workflow, which decides nothing but when.
import { isSentDirectly } from '../../domain/delivery/breaker.ts';
import type { Pool } from '../../store/db/pool.ts';
import { readDelivery, readSendingEndpoints, type SendingEndpoint } from '../../store/delivery/deliveries.ts';
import { giveUpDelivery } from '../../store/delivery/manual-actions.ts';
import { returnToQueue } from '../../store/delivery/transitions.ts';
import type { EndpointInput, DeliveryInput } from '../../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { InFlight } from './concurrency-limiter.ts';
import { singleFlight } from '../single-flight.ts';

/** Where a postback stands, for its workflow. `gone`: it is finished, or somebody else's now. */
export type SingleState =
  | { kind: 'gone'; state: string }
  | {
      kind: 'waiting';
      tries: number;
      nextAttemptAt: number;
      lastError: string | null;
      endpointId: string;
      affiliateId: string | null;
      type: string;
    };

/** What a try came to. `endpointsToWake`: queues that got a postback which had to follow this one. */
export type SingleResult = {
  state: string;
  tries: number;
  reason: string;
  lastError: string | null;
  nextAttemptAt: number | null;
  endpointsToWake: EndpointInput[];
};

/** `tries`: how many the workflow knows of, so that a try whose result was lost is told again rather than made again. */
type AttemptInput = DeliveryInput & { cause: 'retry' | 'manual'; tries: number };

export type SingleActivities = {
  readPostback(input: DeliveryInput): Promise<SingleState>;
  attemptPostback(input: AttemptInput): Promise<SingleResult>;
  giveUpPostback(input: DeliveryInput): Promise<SingleResult>;
};

/** How long a single try waits for a place among its endpoint's requests before it lets the endpoint's queue have it. */
const PLACE_WITHIN_MS = 1000;

export function createSingle({
  pool,
  attempt,
  inFlight,
}: {
  pool: Pool;
  attempt: Attempt;
  inFlight: InFlight;
}): SingleActivities {
  const moved = (state: string, endpointsToWake: SingleResult['endpointsToWake'] = []): SingleResult => {
    return { state, tries: 0, reason: '', lastError: null, nextAttemptAt: null, endpointsToWake };
  };

  async function attemptPostback({
    operatorId,
    deliveryId,
    cause,
    tries,
  }: AttemptInput): Promise<SingleResult> {
    const due = await readDelivery(pool, operatorId, deliveryId);
    if (due?.owner !== 'self') return moved(due?.state ?? 'unknown');
    if (due.tries > tries) {
      const { state, lastError, nextAttemptAt } = due;
      return {
        state,
        tries: due.tries,
        reason: lastError ?? '',
        lastError,
        nextAttemptAt: nextAttemptAt.getTime(),
        endpointsToWake: [],
      };
    }
    const [endpoint] = await readSendingEndpoints(pool, operatorId, [due.endpointId]);
    const nextCause = cause === 'manual' ? cause : due.nextCause;
    const release = mayTry(endpoint!, nextCause)
      ? await inFlight.enter(due.endpointId, endpoint!.maxInFlight, Date.now() + PLACE_WITHIN_MS)
      : null;
    if (release === null) {
      await returnToQueue(pool, { operatorId, deliveryId }, nextCause);
      return moved('held', [{ operatorId, endpointId: due.endpointId }]);
    }
    const result = await attempt(due, endpoint!, nextCause ?? 'retry', { onAnswered: release });
    const endpointsToWake =
      result.state === 'held'
        ? [...result.endpointsToWake, { operatorId, endpointId: due.endpointId }]
        : result.endpointsToWake;
    const { state, reason, nextAttemptAt, errorClass } = result;
    return { state, tries: due.tries + 1, reason, lastError: errorClass, nextAttemptAt, endpointsToWake };
  }

  return {
    async readPostback({ operatorId, deliveryId }) {
      const due = await readDelivery(pool, operatorId, deliveryId);
      if (due?.owner !== 'self') return { kind: 'gone', state: due?.state ?? 'unknown' };
      const { tries, nextAttemptAt, endpointId, affiliateId, type, lastError } = due;
      return {
        kind: 'waiting',
        tries,
        nextAttemptAt: nextAttemptAt.getTime(),
        lastError,
        endpointId,
        affiliateId,
        type,
      };
    },

    attemptPostback: singleFlight(({ deliveryId }) => deliveryId, attemptPostback),

    async giveUpPostback({ operatorId, deliveryId }) {
      const given = await giveUpDelivery(pool, operatorId, deliveryId);
      return moved('gave_up', typeof given === 'string' ? [] : given.endpointsToWake);
    },
  };
}

/** A person who pushes a postback asks whether its endpoint is back, so only then is it tried while the endpoint is down. */
function mayTry(endpoint: SendingEndpoint, cause: 'manual' | 'replay' | null): boolean {
  return isSentDirectly(cause === 'manual' ? { ...endpoint, failuresInARow: 0 } : endpoint);
}
