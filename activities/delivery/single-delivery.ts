// Activities of `deliverPostback`: reads, attempts, pauses and gives up a single delivery, one with
// a workflow of its own.
import { isSentDirectly } from '../../domain/delivery/breaker.ts';
import { hostOf, postbackText, sumText } from '../../domain/delivery/labels.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { UnscheduledCause } from '../../domain/delivery/deliveries.ts';
import {
  readDelivery,
  readSendingEndpoints,
  type Delivery,
  type SendingEndpoint,
} from '../../store/delivery/deliveries.ts';
import { giveUpDelivery, pauseDelivery, resumeDelivery } from '../../store/delivery/manual-actions.ts';
import {
  readDeliveryStanding,
  type DeliveryStanding,
  type ToldAttempt,
} from '../../store/delivery/standing.ts';
import { STARTED_WITHIN_MS } from '../../store/delivery/in-flight.ts';
import { beginAttempt } from '../../store/delivery/transitions/attempts.ts';
import { returnToQueue } from '../../store/delivery/transitions/hand-over.ts';
import type { EndpointInput, DeliveryInput } from '../../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { ConcurrencyLimiter } from './concurrency-limiter.ts';
import { singleFlight } from '../single-flight.ts';

/** A postback in the words of people. `since`: when it was planned. `notTold`: what it reports. */
export type PostbackAbout = {
  text: string;
  affiliateName: string | null;
  endpointName: string | null;
  endpointHost: string;
  notTold: string | null;
  since: number;
};

/** Finished, or another owner has it now. */
type Gone = { kind: 'gone'; state: string };

/**
 * State of a single delivery for its workflow. Histories recorded earlier lack what is optional.
 * `story`: a line of a table for each attempt.
 */
type SingleDeliveryState =
  | Gone
  | {
      kind: 'waiting';
      tries: number;
      nextAttemptAt: number;
      lastError: string | null;
      endpointId: string;
      affiliateId: string | null;
      type: string;
      about?: PostbackAbout;
      nextReason?: string | null;
      pauseReason?: string | null;
      story?: string[];
    };

/** A row after it was paused or resumed. `pauseReason` is null where it is not paused. */
type PausedRow = Gone | { kind: 'waiting'; pauseReason: string | null };

/**
 * Result of a try. `endpointsToWake`: endpoints whose queues a successor or a notice joined.
 * `pauseReason`: none was made, since a person paused the delivery.
 */
type SingleDeliveryResult = {
  state: string;
  tries: number;
  reason: string;
  nextReason?: string | null;
  lastError: string | null;
  nextAttemptAt: number | null;
  pauseReason?: string | null;
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
  /** The first reason of a pause stays. */
  pausePostback(input: DeliveryInput & { reason: string }): Promise<PausedRow>;
  resumePostback(input: DeliveryInput): Promise<PausedRow>;
};

/**
 * How long a try waits for a permit of its endpoint before the delivery returns to the endpoint's
 * queue.
 */
const PERMIT_WITHIN_MS = 1000;
/** A delivery that moved on since it was read is read again after so long. */
const LOOK_AGAIN_MS = 1000;

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

  /** Somebody else is sending it, in a process that may be dead: its workflow looks again then. */
  const underWay = ({ tries, lastError }: Delivery, nextAttemptAt: number): SingleDeliveryResult => {
    const reason = 'an attempt is under way already';
    return { state: 'retrying', tries, reason, lastError, nextAttemptAt, endpointsToWake: [] };
  };

  /** A pause whose signal did not come in time: its workflow waits as if it had. */
  const paused = ({ tries, lastError, nextAttemptAt, pauseReason }: Delivery): SingleDeliveryResult => {
    const told = { state: 'retrying', tries, reason: '', lastError, endpointsToWake: [] };
    return { ...told, nextAttemptAt: nextAttemptAt.getTime(), pauseReason };
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
    if (due.sendingUntil !== null) return underWay(due, due.sendingUntil.getTime());
    if (due.pauseReason !== null && cause !== 'manual') return paused(due);
    const [endpoint] = await readSendingEndpoints(pool, operatorId, [due.endpointId]);
    const nextCause = cause === 'manual' ? cause : due.nextCause;
    const release = mayTry(endpoint!, nextCause)
      ? await limiter.acquire(due.endpointId, endpoint!.maxInFlight, Date.now() + PERMIT_WITHIN_MS)
      : null;
    if (release === null) {
      await returnToQueue(pool, { operatorId, deliveryId }, nextCause);
      return moved('held', [{ operatorId, endpointId: due.endpointId }]);
    }
    const askedAt = Date.now();
    const hasBegun = await beginAttempt(pool, due).finally(release);
    if (!hasBegun || Date.now() - askedAt > STARTED_WITHIN_MS)
      return underWay(due, Date.now() + LOOK_AGAIN_MS);
    const result = await attempt(due, endpoint!, nextCause ?? 'retry', { onAnswered: release });
    const endpointsToWake =
      result.state === 'held'
        ? [...result.endpointsToWake, { operatorId, endpointId: due.endpointId }]
        : result.endpointsToWake;
    const { errorClass: lastError, ...told } = result;
    return { ...told, tries: due.tries + 1, lastError, endpointsToWake };
  }

  async function pauseOf({ operatorId, deliveryId }: DeliveryInput): Promise<PausedRow> {
    const row = await readDelivery(pool, operatorId, deliveryId);
    if (row?.owner !== 'self') return { kind: 'gone', state: row?.state ?? 'unknown' };
    return { kind: 'waiting', pauseReason: row.pauseReason };
  }

  return {
    async readPostback({ operatorId, deliveryId }) {
      const due = await readDelivery(pool, operatorId, deliveryId);
      const standing = await readDeliveryStanding(pool, operatorId, deliveryId);
      if (due?.owner !== 'self' || standing === null) return { kind: 'gone', state: due?.state ?? 'unknown' };
      const { tries, nextAttemptAt, endpointId, affiliateId, type, lastError, pauseReason } = due;
      return {
        kind: 'waiting',
        tries,
        nextAttemptAt: nextAttemptAt.getTime(),
        lastError,
        endpointId,
        affiliateId,
        type,
        about: aboutOf(standing),
        nextReason: standing.attempts.at(-1)?.nextReason ?? null,
        pauseReason,
        story: standing.attempts.map(storyLine),
      };
    },

    attemptPostback: singleFlight(({ deliveryId }) => deliveryId, attemptPostback),

    async giveUpPostback({ operatorId, deliveryId }) {
      const given = await giveUpDelivery(pool, operatorId, deliveryId);
      if (given.kind === 'given_up') return moved('gave_up', given.endpointsToWake);
      const row = await readDelivery(pool, operatorId, deliveryId);
      return moved(row?.state ?? 'unknown');
    },

    async pausePostback({ reason, ...delivery }) {
      await pauseDelivery(pool, delivery.operatorId, delivery.deliveryId, reason);
      return pauseOf(delivery);
    },

    async resumePostback(delivery) {
      await resumeDelivery(pool, delivery.operatorId, delivery.deliveryId);
      return pauseOf(delivery);
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

function aboutOf(standing: DeliveryStanding): PostbackAbout {
  const { type, reported, createdAt, url, affiliateName, endpointName } = standing;
  return {
    text: postbackText(type, reported, standing),
    affiliateName,
    endpointName,
    endpointHost: hostOf(url),
    notTold: reported === null || reported.minor === 0n ? null : sumText(reported),
    since: createdAt.getTime(),
  };
}

function storyLine({ number, statusCode, errorClass, durationMs, cause }: ToldAttempt): string {
  return `| ${number} | ${statusCode ?? errorClass} after ${durationMs} ms | ${cause} |`;
}
