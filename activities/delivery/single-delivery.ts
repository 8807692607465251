// Activities of `deliverPostback`: reads, attempts and gives up a single delivery, one with a
// workflow of its own.
import { isSentDirectly } from '../../domain/delivery/breaker.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { UnscheduledCause } from '../../domain/delivery/deliveries.ts';
import { readDelivery, readSendingEndpoints, type SendingEndpoint } from '../../store/delivery/deliveries.ts';
import { giveUpDelivery } from '../../store/delivery/manual-actions.ts';
import { returnToQueue } from '../../store/delivery/transitions.ts';
import type { EndpointInput, DeliveryInput } from '../../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { ConcurrencyLimiter } from './concurrency-limiter.ts';
import { singleFlight } from '../single-flight.ts';

/** State of a single delivery for its workflow. `gone`: finished, or another owner has it now. */
type SingleDeliveryState =
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

/** Result of a try. `endpointsToWake`: endpoints whose queues a successor or a notice joined. */
type SingleDeliveryResult = {
  state: string;
  tries: number;
  reason: string;
  lastError: string | null;
  nextAttemptAt: number | null;
  endpointsToWake: EndpointInput[];
};

/**
 * `tries`: as many as the workflow knows of, so that a try whose result was lost is reported again,
 * not made again.
 */
type AttemptInput = DeliveryInput & { cause: 'retry' | 'manual'; tries: number };

export type SingleDeliveryActivities = {
  readPostback(input: DeliveryInput): Promise<SingleDeliveryState>;
  attemptPostback(input: AttemptInput): Promise<SingleDeliveryResult>;
  giveUpPostback(input: DeliveryInput): Promise<SingleDeliveryResult>;
};

/**
 * How long a try waits for a permit of its endpoint before the delivery returns to the endpoint's
 * queue.
 */
const PERMIT_WITHIN_MS = 1000;

export function createSingleDelivery({
  pool,
  attempt,
  limiter,
}: {
  pool: Pool;
  attempt: Attempt;
  limiter: ConcurrencyLimiter;
}): SingleDeliveryActivities {
  const moved = (
    state: string,
    endpointsToWake: SingleDeliveryResult['endpointsToWake'] = [],
  ): SingleDeliveryResult => {
    return { state, tries: 0, reason: '', lastError: null, nextAttemptAt: null, endpointsToWake };
  };

  async function attemptPostback({
    operatorId,
    deliveryId,
    cause,
    tries,
  }: AttemptInput): Promise<SingleDeliveryResult> {
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
      ? await limiter.acquire(due.endpointId, endpoint!.maxInFlight, Date.now() + PERMIT_WITHIN_MS)
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

/**
 * A person who retries a delivery asks whether its endpoint is back, so such a try passes the
 * breaker.
 */
function mayTry(endpoint: SendingEndpoint, cause: UnscheduledCause | null): boolean {
  return isSentDirectly(cause === 'manual' ? { ...endpoint, failuresInARow: 0 } : endpoint);
}
