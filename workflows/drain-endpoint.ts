// Sends the deliveries that wait for one endpoint: probes it while it is down, drains its queue
// once it is up. Stays while deliveries were given up and nobody acknowledged them. One row in the
// UI, with counts.
import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Drained } from '../activities/delivery/drain.ts';
import { SIGNALS, STATUS_QUERY, type EndpointInput } from './contract.ts';
import { EMPTY_STATUS, showEndpoint, type EndpointStatus } from './endpoint-status.ts';
import { upkeep } from './steps.ts';

const wake = defineSignal(SIGNALS.wake);
const switched = defineSignal(SIGNALS.switched);
const pause = defineSignal(SIGNALS.pause);
const resume = defineSignal(SIGNALS.resume);
const disable = defineSignal(SIGNALS.disable);
const acknowledge = defineSignal(SIGNALS.acknowledge);

const status = defineQuery<EndpointStatus>(STATUS_QUERY);

/** Shortest time between two counts, however many deliveries join the queue or are given up. */
const COUNT_EVERY_MS = 10_000;

/** What a person wants of the endpoint. */
type Wish =
  { kind: 'switch'; state: 'paused' | 'active' | 'disabled'; reason: string } | { kind: 'acknowledge' };

/**
 * `probes`: failed probes in a row; `nextSendAt`: first moment the rate allows a request. Both
 * continue an earlier run.
 */
export async function drainEndpoint(
  input: EndpointInput & { probes?: number; nextSendAt?: number },
): Promise<{ sent: number }> {
  let isWoken = false;
  /**
   * The endpoint's row was switched, for example through the API: read it at once, even while down.
   */
  let isSwitched = false;
  const wishes: Wish[] = [];
  let { probes = 0, nextSendAt = 0 } = input;
  /** When all that waits was counted last, and shown. */
  let countedAt = 0;
  const now: EndpointStatus = { ...EMPTY_STATUS };
  const wishSwitch = (state: 'paused' | 'active' | 'disabled', reason: string) => (): void =>
    void wishes.push({ kind: 'switch', state, reason });
  setHandler(wake, () => void (isWoken = true), { description: 'something joined the queue: look again' });
  setHandler(switched, () => void (isSwitched = true), {
    description: 'the endpoint was switched: look at once',
  });
  setHandler(pause, wishSwitch('paused', 'paused in Temporal'), {
    description: 'keep everything in the queue',
  });
  setHandler(resume, wishSwitch('active', 'resumed in Temporal'), {
    description: 'make it active with a clean slate and send at once',
  });
  setHandler(disable, wishSwitch('disabled', 'disabled in Temporal'), {
    description: 'switch it off; everything stays in the queue',
  });
  setHandler(acknowledge, () => void wishes.push({ kind: 'acknowledge' }), {
    description: 'all that was given up has been seen, and need not be shown any more',
  });
  setHandler(status, () => now);
  const isCommanded = (): boolean => wishes.length > 0 || isSwitched;
  const isSignalled = (): boolean => isCommanded() || isWoken;
  const of = { operatorId: input.operatorId, endpointId: input.endpointId };

  // A cancelled run could not keep what waits in sight. So a cancellation pauses the endpoint, and
  // once that is resumed a new run begins, which can be cancelled again.
  const run = CancellationScope.current();
  run.cancelRequested.catch(wishSwitch('paused', 'cancelled in Temporal'));
  return CancellationScope.nonCancellable(drain);

  async function drain(): Promise<{ sent: number }> {
    for (;;) {
      await fulfil();
      // A person switched or moved it: what was learned before, as a Retry-After, is out of date.
      if (isSwitched) probes = nextSendAt = countedAt = 0;
      isWoken = false;
      isSwitched = false;
      const isCounting = Date.now() - countedAt >= COUNT_EVERY_MS;
      const turn = await upkeep.drainQueue({ ...of, probes, nextSendAt, isCounting });
      if (turn.about !== undefined) countedAt = Date.now();
      ({ nextSendAt } = turn);
      if (turn.endpointsToWake.length > 0) await upkeep.wakeEndpoints(turn.endpointsToWake);
      if (turn.condition !== 'failing') probes = 0;
      else if (turn.sent > 0) probes++;
      now.sent += turn.sent;
      showEndpoint(of, now, turn);
      // A next run would lose the rate's state, so this run stays until a request is allowed again.
      if (turn.held === 0 && nextSendAt > Date.now())
        await condition(isSignalled, nextSendAt - Date.now(), { summary: 'until the rate allows a request' });
      // A wake during the turn may be about a delivery that the turn did not read.
      if (turn.held === 0 && !turn.hasGivenUp && !isSignalled()) return { sent: now.sent };
      const isResumed = run.consideredCancelled && turn.condition !== 'paused';
      // A next run would not know of a wish.
      if (wishes.length === 0 && (workflowInfo().continueAsNewSuggested || isResumed))
        await continueAsNew<typeof drainEndpoint>({ ...of, ...(isSwitched ? {} : { probes, nextSendAt }) });
      if (turn.held > 0) await waitForNextTurn(turn);
      else if (turn.hasGivenUp) await waitForAction(turn);
    }
  }

  /** Takes each wish before the step that fulfils it, so that one that comes meanwhile counts. */
  async function fulfil(): Promise<void> {
    for (let wish = wishes.shift(); wish !== undefined; wish = wishes.shift()) {
      countedAt = 0;
      if (wish.kind === 'acknowledge') {
        await upkeep.acknowledgeGivenUp(of);
        continue;
      }
      probes = 0;
      await upkeep.switchEndpoint({ ...of, state: wish.state, reason: wish.reason });
    }
  }

  /** Waits while nothing is in the queue, but deliveries were given up. */
  async function waitForAction(turn: Drained): Promise<void> {
    const countInMs = countedAt + COUNT_EVERY_MS - Date.now();
    if (turn.about !== undefined || countInMs <= 0) await condition(isSignalled);
    else await condition(isSignalled, countInMs, { summary: 'until what was given up is counted again' });
  }

  /**
   * Waits for the next turn. Deliveries that join the queue of an endpoint that is down only raise
   * the count; the next probe keeps its time.
   */
  async function waitForNextTurn(turn: Drained): Promise<void> {
    if (turn.waitMs !== null && turn.waitMs <= 0) return;
    const until = turn.waitMs === null ? null : Date.now() + turn.waitMs;
    let lookedAt = Date.now();
    for (;;) {
      const leftMs = until === null ? null : until - Date.now();
      if (leftMs !== null && leftMs <= 0) return;
      if (leftMs === null) await condition(isSignalled);
      else if (!(await condition(isSignalled, leftMs, { summary: summaryOf(turn) }))) return;
      if (isCommanded()) return;
      if (turn.condition === 'open') {
        // Of an endpoint that is failing, all that joined meanwhile goes out in one turn.
        const pauseMs = Math.min(lookedAt + (turn.pauseMs ?? 0), until ?? Infinity) - Date.now();
        if (pauseMs > 0)
          await condition(isCommanded, pauseMs, { summary: 'until the next turn of a failing endpoint' });
        return;
      }
      // Histories recorded before this patch waited from the wake, not from the last count.
      const countAt = (patched('count-at-once') ? lookedAt : Date.now()) + COUNT_EVERY_MS;
      const pauseMs = Math.min(countAt, until ?? countAt) - Date.now();
      if (pauseMs > 0) await condition(isCommanded, pauseMs, { summary: 'until the queue is counted again' });
      if (isCommanded()) return;
      isWoken = false;
      const { condition: currentCondition, ...count } = await upkeep.countQueue({ ...of, readBy: until });
      lookedAt = countedAt = Date.now();
      showEndpoint(of, now, {
        ...turn,
        ...count,
        sent: 0,
        waitMs: until === null ? null : Math.max(0, until - lookedAt),
      });
      // Another owner's attempt closed the breaker, or the endpoint was disabled. Older histories
      // have counts without a condition.
      const isConditionChanged = currentCondition !== undefined && currentCondition !== turn.condition;
      if (count.held === 0 || isConditionChanged || workflowInfo().continueAsNewSuggested) return;
    }
  }
}

function summaryOf({ condition: state, held, reason }: Drained): string {
  return state === 'failing'
    ? `next probe, after ${reason}; ${held} waiting`
    : `${held} waiting for their time`;
}
