// Drains an endpoint's queue: one probe at a time while the endpoint is down, everything that is due, at its own rate, when it is not.
import type { Pool } from '../store/pool.ts';
import {
  FAILURES_THAT_OPEN,
  readQueue,
  readQueueState,
  readSendingEndpoints,
  type Due,
  type SendingEndpoint,
} from '../store/deliveries.ts';
import type { EndpointInput } from '../workflows/contract.ts';
import type { Attempt } from './attempt.ts';
import type { InFlight } from './in-flight.ts';

/** How a turn at the queue went, for its workflow. `waitMs`: until the next turn; null: nothing to do before somebody wakes it. */
export type Drained = {
  held: number;
  sent: number;
  waitMs: number | null;
  condition: 'drained' | 'open' | 'failing' | 'paused' | 'disabled';
  lastError: string | null;
  reason: string;
  endpointsToWake: { operatorId: string; endpointId: string }[];
};

export type DrainActivities = { drainQueue(input: EndpointInput & { probes: number }): Promise<Drained> };

/** Waits between probes: the first, doubling up to the longest. */
export type ProbeWaits = { firstMs: number; longestMs: number };

export type DrainDeps = { pool: Pool; attempt: Attempt; inFlight: InFlight; budgetMs: number; probeWaits: ProbeWaits };

/** A turn reads this many at once: enough to keep an endpoint's places filled, few enough to notice soon that it went down again. */
const READ_AT_ONCE = 200;

/** A turn lasts at most the budget plus one request. `probes` is how many probes failed in a row. */
export function createDrain({ pool, attempt, inFlight, budgetMs, probeWaits }: DrainDeps): DrainActivities {
  type Turn = {
    sent: number;
    failures: number;
    lastError: string | null;
    reason: string;
    endpointsToWake: Drained['endpointsToWake'];
  };

  async function send(
    turn: Turn,
    due: Due,
    endpoint: SendingEndpoint,
    cause: 'first' | 'retry' | 'probe',
    deadline: number,
  ): Promise<void> {
    const release = await inFlight.enter(endpoint.id, endpoint.maxInFlight, deadline);
    if (release === null || turn.failures >= FAILURES_THAT_OPEN) return release?.();
    const result = await attempt(due, endpoint, cause, { onAnswered: release });
    turn.sent++;
    turn.endpointsToWake.push(...result.endpointsToWake);
    turn.failures = result.blames ? turn.failures + 1 : result.state === 'delivered' ? 0 : turn.failures;
    if (result.errorClass !== null) Object.assign(turn, { lastError: result.errorClass, reason: result.reason });
  }

  /** Sends what is due until the budget is spent, the queue is empty, or the endpoint fails again and again. */
  async function sendDue(turn: Turn, endpoint: SendingEndpoint, deadline: number): Promise<void> {
    const spacingMs = endpoint.ratePerSecond === null ? 0 : 1000 / endpoint.ratePerSecond;
    let nextAt = Date.now();
    while (Date.now() < deadline && turn.failures < FAILURES_THAT_OPEN) {
      const before = turn.sent;
      const due = await readQueue(pool, endpoint.operatorId, endpoint.id, READ_AT_ONCE);
      const sends: Promise<void>[] = [];
      for (const one of due) {
        if (spacingMs > 0) {
          if (nextAt >= deadline) break;
          await until(nextAt);
          nextAt += spacingMs;
        }
        sends.push(send(turn, one, endpoint, one.tries === 0 ? 'first' : 'retry', deadline));
      }
      await Promise.all(sends);
      if (due.length === 0 || turn.sent === before) return;
    }
  }

  return {
    async drainQueue({ operatorId, endpointId, probes }) {
      const [endpoint] = await readSendingEndpoints(pool, operatorId, [endpointId]);
      const turn: Turn = { sent: 0, failures: 0, lastError: null, reason: '', endpointsToWake: [] };
      const result = async (
        condition: Drained['condition'],
        waitMs: (dueInMs: number | null) => number | null,
      ): Promise<Drained> => {
        const { held, dueInMs } = await readQueueState(pool, operatorId, endpointId);
        const { sent, lastError, reason, endpointsToWake } = turn;
        // A successor that joined this very queue is seen by the next turn; waking ourselves would only make one more.
        const others = endpointsToWake.filter((woken) => woken.endpointId !== endpointId);
        return {
          held,
          sent,
          condition: held === 0 ? 'drained' : condition,
          waitMs: held === 0 ? null : waitMs(dueInMs),
          lastError,
          reason,
          endpointsToWake: others,
        };
      };
      if (endpoint === undefined || endpoint.state !== 'active')
        return result(endpoint?.state === 'paused' ? 'paused' : 'disabled', () => null);

      const deadline = Date.now() + budgetMs;
      if (endpoint.failuresInARow >= FAILURES_THAT_OPEN) {
        const [oldest] = await readQueue(pool, operatorId, endpointId, 1);
        if (oldest) await send(turn, oldest, endpoint, 'probe', deadline);
        if (turn.lastError !== null || turn.sent === 0) return result('failing', () => probeWait(probes, probeWaits));
      }
      await sendDue(turn, endpoint, deadline);
      if (turn.failures >= FAILURES_THAT_OPEN) return result('failing', () => probeWaits.firstMs);
      return result('open', (dueInMs) => dueInMs);
    },
  };
}

function probeWait(probes: number, { firstMs, longestMs }: ProbeWaits): number {
  return Math.min(firstMs * 2 ** Math.min(probes, 30), longestMs);
}

function until(moment: number): Promise<void> {
  const waitMs = moment - Date.now();
  return waitMs <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, waitMs));
}
