// Sends the deliveries that wait for one endpoint: probes it while it is down, drains its queue
// once it is up. One row in the UI, with a count.
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Drained } from '../activities/delivery/drain.ts';
import { SIGNALS, STATUS_QUERY, type EndpointInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { upkeep } from './steps.ts';

const wake = defineSignal(SIGNALS.wake);
const switched = defineSignal(SIGNALS.switched);
const pause = defineSignal(SIGNALS.pause);
const resume = defineSignal(SIGNALS.resume);
const disable = defineSignal(SIGNALS.disable);

/** Answer of the status query, also shown in the UI. */
export type EndpointStatus = Pick<Drained, 'condition' | 'held' | 'lastError' | 'reason'> & {
  nextTurnAt: string | null;
  sent: number;
};
const status = defineQuery<EndpointStatus>(STATUS_QUERY);

/**
 * Shortest time between two counts while the endpoint is down, however many deliveries join the
 * queue.
 */
const COUNT_EVERY_MS = 10_000;

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
  let command: 'paused' | 'active' | 'disabled' | null = null;
  let { probes = 0, nextSendAt = 0 } = input;
  const now: EndpointStatus = {
    condition: 'open',
    held: 0,
    lastError: null,
    reason: '',
    nextTurnAt: null,
    sent: 0,
  };
  setHandler(wake, () => void (isWoken = true), { description: 'something joined the queue: look again' });
  setHandler(switched, () => void (isSwitched = true), {
    description: 'the endpoint was switched: look at once',
  });
  setHandler(pause, () => void (command = 'paused'), { description: 'keep everything in the queue' });
  setHandler(resume, () => void (command = 'active'), {
    description: 'make it active with a clean slate and send at once',
  });
  setHandler(disable, () => void (command = 'disabled'), {
    description: 'switch it off; everything stays in the queue',
  });
  setHandler(status, () => now);
  const isCommanded = (): boolean => command !== null || isSwitched;
  const isSignalled = (): boolean => isCommanded() || isWoken;
  const of = { operatorId: input.operatorId, endpointId: input.endpointId };

  for (;;) {
    if (command !== null) {
      const state = command;
      command = null;
      probes = 0;
      await upkeep.switchEndpoint({ ...of, state });
    }
    if (isSwitched) probes = 0;
    isWoken = false;
    isSwitched = false;
    const turn = await upkeep.drainQueue({ ...of, probes, nextSendAt });
    ({ nextSendAt } = turn);
    if (turn.endpointsToWake.length > 0) await upkeep.wakeEndpoints(turn.endpointsToWake);
    if (turn.condition !== 'failing') probes = 0;
    else if (turn.sent > 0) probes++;
    now.sent += turn.sent;
    show(of, now, turn);
    // A next run would lose the rate's state, so this run stays until a request is allowed again.
    if (turn.held === 0 && nextSendAt > Date.now()) await condition(isSignalled, nextSendAt - Date.now());
    // A wake during the turn may be about a delivery that the turn did not read.
    if (turn.held === 0 && !isSignalled()) return { sent: now.sent };
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof drainEndpoint>({ ...of, probes, nextSendAt });
    if (turn.held > 0) await waitForNextTurn(turn);
  }

  /**
   * Waits for the next turn. Deliveries that join the queue of an endpoint that is down only raise
   * the count; the next probe keeps its time.
   */
  async function waitForNextTurn(turn: Drained): Promise<void> {
    if (turn.waitMs !== null && turn.waitMs <= 0) return;
    const until = turn.waitMs === null ? null : Date.now() + turn.waitMs;
    let countedAt = Date.now();
    for (;;) {
      const leftMs = until === null ? null : until - Date.now();
      if (leftMs !== null && leftMs <= 0) return;
      if (leftMs === null) await condition(isSignalled);
      else if (!(await condition(isSignalled, leftMs, { summary: summaryOf(turn) }))) return;
      if (isCommanded() || turn.condition === 'open') return;
      // Histories recorded before this patch waited from the wake, not from the last count.
      const countAt = (patched('count-at-once') ? countedAt : Date.now()) + COUNT_EVERY_MS;
      const pauseMs = Math.min(countAt, until ?? countAt) - Date.now();
      if (pauseMs > 0) await condition(isCommanded, pauseMs);
      if (isCommanded()) return;
      isWoken = false;
      const { held, condition: currentCondition } = await upkeep.countQueue(of);
      countedAt = Date.now();
      show(of, now, {
        ...turn,
        held,
        sent: 0,
        waitMs: until === null ? null : Math.max(0, until - countedAt),
      });
      // Another owner's attempt closed the breaker, or the endpoint was disabled. Older histories
      // have counts without a condition.
      const isConditionChanged = currentCondition !== undefined && currentCondition !== turn.condition;
      if (held === 0 || isConditionChanged || workflowInfo().continueAsNewSuggested) return;
    }
  }
}

function summaryOf({ condition: state, held, reason }: Drained): string {
  return state === 'failing'
    ? `next probe, after ${reason}; ${held} waiting`
    : `${held} waiting for their time`;
}

function show(of: EndpointInput, now: EndpointStatus, turn: Drained): void {
  const { held, lastError, reason } = turn;
  Object.assign(now, {
    condition: turn.condition,
    held,
    lastError,
    reason,
    nextTurnAt: turn.waitMs === null ? null : new Date(Date.now() + turn.waitMs).toISOString(),
  });
  updateSearchAttributes({
    OperatorId: of.operatorId,
    EndpointId: of.endpointId,
    DeliveryState: turn.condition === 'open' ? 'draining' : turn.condition === 'drained' ? 'drained' : 'held',
    LastError: lastError,
    Held: held,
    NextAttemptAt: now.nextTurnAt === null ? null : new Date(now.nextTurnAt),
  });
  const cause =
    turn.condition === 'failing'
      ? `it is failing (${reason}); one postback at a time probes it`
      : turn.condition;
  const next =
    now.nextTurnAt === null
      ? 'Send `resume` to go on.'
      : `Next turn: ${now.nextTurnAt}. Send \`resume\` to try now.`;
  const summary = `**${held} postbacks wait** for endpoint ${of.endpointId}: ${cause}.`;
  setCurrentDetails(`${summary}\n\n${held === 0 ? 'All sent.' : next}`);
}
