// How an endpoint stands, for its workflow and the people who read it there: what waits, what was
// given up and not acknowledged, and what a person does about the latter.
import { conditionOf } from '../../domain/delivery/breaker.ts';
import { hostOf, receiverText, sumText } from '../../domain/delivery/labels.ts';
import type { Pool } from '../../store/db/pool.ts';
import { readSendingEndpoints, type SendingEndpoint } from '../../store/delivery/deliveries.ts';
import { readEndpointStanding } from '../../store/delivery/standing.ts';
import { forgetQueueLook, promiseQueueLook, readByOf } from '../../store/delivery/queue-looks.ts';
import { acknowledgeAll } from '../../store/delivery/transitions/endpoints.ts';
import type { EndpointInput } from '../../workflows/contract.ts';

/**
 * Names of conditions in histories and in the status query: `open` is up or failing, `failing` is
 * down, and an endpoint that is off has its state. Recorded in histories, so these words never
 * change.
 */
export type QueueCondition = 'open' | 'failing' | 'paused' | 'disabled';

/**
 * An endpoint in the words of people. `text` names it; `notTold` has one amount per currency;
 * `since`: when the oldest of what waits or was given up was planned.
 */
export type EndpointAbout = {
  text: string;
  affiliateId: string | null;
  affiliateName: string | null;
  endpointName: string | null;
  endpointHost: string;
  stateReason: string | null;
  held: number;
  gaveUp: number;
  notTold: string[];
  since: number | null;
};

/** The number of deliveries in a queue, and how their endpoint stands. */
type QueueCount = { held: number; condition: QueueCondition; about: EndpointAbout | null };

export type EndpointStandingActivities = {
  /**
   * `readBy`: when the workflow reads the queue the next time (milliseconds since 1970), null where
   * only a signal brings that.
   */
  countQueue(endpoint: EndpointInput & { readBy?: number | null }): Promise<QueueCount>;
  /** Notes that a person has seen all that was given up. */
  acknowledgeGivenUp(endpoint: EndpointInput): Promise<void>;
};

export function createEndpointStanding({ pool }: { pool: Pool }): EndpointStandingActivities {
  return {
    async countQueue({ readBy, ...of }) {
      await forgetQueueLook(pool, of.operatorId, of.endpointId);
      const [endpoint] = await readSendingEndpoints(pool, of.operatorId, [of.endpointId]);
      const about = await aboutEndpoint(pool, of);
      if (readBy !== undefined) await promiseQueueLook(pool, of.operatorId, of.endpointId, readByOf(readBy));
      return { held: about?.held ?? 0, condition: queueConditionOf(endpoint), about };
    },
    async acknowledgeGivenUp({ operatorId, endpointId }) {
      await acknowledgeAll(pool, operatorId, endpointId);
    },
  };
}

/** Null when there is no such endpoint. */
export async function aboutEndpoint(
  pool: Pool,
  { operatorId, endpointId }: EndpointInput,
): Promise<EndpointAbout | null> {
  const standing = await readEndpointStanding(pool, operatorId, endpointId);
  if (standing === null) return null;
  const { affiliateId, affiliateName, endpointName, stateReason, held, gaveUp, since } = standing;
  return {
    text: receiverText(standing),
    affiliateId,
    affiliateName,
    endpointName,
    endpointHost: hostOf(standing.url),
    stateReason,
    held,
    gaveUp,
    notTold: standing.notTold.map(sumText),
    since: since?.getTime() ?? null,
  };
}

const QUEUE_CONDITIONS = { up: 'open', failing: 'open', down: 'failing' } as const;

export function queueConditionOf(endpoint: SendingEndpoint | undefined): QueueCondition {
  if (endpoint === undefined) return 'disabled';
  const condition = conditionOf(endpoint);
  // An endpoint that is off is paused or disabled.
  return condition === 'off' ? (endpoint.state as 'paused' | 'disabled') : QUEUE_CONDITIONS[condition];
}
