// One endpoint in trouble, with everything that waits for it: probe while it is down, drain when it is not. One row in the UI, with a count.
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
import { showInLists } from './search-attributes.ts';
import { upkeep } from './steps.ts';

const wake = defineSignal(SIGNALS.wake);
const switched = defineSignal(SIGNALS.switched);
const pause = defineSignal(SIGNALS.pause);
const resume = defineSignal(SIGNALS.resume);
const disable = defineSignal(SIGNALS.disable);

/** What the query answers and the UI shows. */
export type EndpointStatus = Pick<Drained, 'condition' | 'held' | 'lastError' | 'reason'> & {
  nextTurnAt: string | null;
  sent: number;
};
const status = defineQuery<EndpointStatus>(STATUS_QUERY);

/** While the endpoint is down, counts are taken again at most this often, however many postbacks join the queue. */
const COUNT_EVERY_MS = 10_000;

/** `probes` failed in a row, and the rate allowed nothing before `nextSendAt`, when this run continued an earlier one. */
export async function drainEndpoint(
  input: EndpointInput & { probes?: number; nextSendAt?: number },
): Promise<{ sent: number }> {
  let isWoken = false;
  /** Its row was switched, by a button of the API say: look at once, also where it is down. */
  let isSwitched = false;
  let wish: 'paused' | 'active' | 'disabled' | null = null;
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
  setHandler(pause, () => void (wish = 'paused'), { description: 'keep everything in the queue' });
  setHandler(resume, () => void (wish = 'active'), {
    description: 'make it active with a clean slate and send at once',
  });
  setHandler(disable, () => void (wish = 'disabled'), {
    description: 'switch it off; everything stays in the queue',
  });
  setHandler(status, () => now);
  const isTold = (): boolean => wish !== null || isSwitched;
  const isHeard = (): boolean => isTold() || isWoken;
  const of = { operatorId: input.operatorId, endpointId: input.endpointId };

  for (;;) {
    if (wish !== null) {
      const state = wish;
      wish = null;
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
    // The next run would not know of the rate, so this one stays until a request is allowed again.
    if (turn.held === 0 && nextSendAt > Date.now()) await condition(isHeard, nextSendAt - Date.now());
    // A wake that came during the turn may be about a row the turn did not see.
    if (turn.held === 0 && !isHeard()) return { sent: now.sent };
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof drainEndpoint>({ ...of, probes, nextSendAt });
    if (turn.held > 0) await rest(turn);
  }

  /** Waits for the next turn. What joins the queue of an endpoint that is down only raises the count; it brings the next probe no nearer. */
  async function rest(turn: Drained): Promise<void> {
    if (turn.waitMs !== null && turn.waitMs <= 0) return;
    const until = turn.waitMs === null ? null : Date.now() + turn.waitMs;
    let countedAt = Date.now();
    for (;;) {
      const leftMs = until === null ? null : until - Date.now();
      if (leftMs !== null && leftMs <= 0) return;
      if (leftMs === null) await condition(isHeard);
      else if (!(await condition(isHeard, leftMs, { summary: summaryOf(turn) }))) return;
      if (isTold() || turn.condition === 'open') return;
      // Runs that began before waited from the wake on, not from the last count.
      const countAt = (patched('count-at-once') ? countedAt : Date.now()) + COUNT_EVERY_MS;
      const pauseMs = Math.min(countAt, until ?? countAt) - Date.now();
      if (pauseMs > 0) await condition(isTold, pauseMs);
      if (isTold()) return;
      isWoken = false;
      const { held, condition: stands } = await upkeep.countQueue(of);
      countedAt = Date.now();
      show(of, now, {
        ...turn,
        held,
        sent: 0,
        waitMs: until === null ? null : Math.max(0, until - countedAt),
      });
      // Somebody else's attempt closed the breaker, or the endpoint was disabled. Counts from before this was told have no condition.
      const isTurned = stands !== undefined && stands !== turn.condition;
      if (held === 0 || isTurned || workflowInfo().continueAsNewSuggested) return;
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
  showInLists({
    OperatorId: of.operatorId,
    EndpointId: of.endpointId,
    DeliveryState: turn.condition === 'open' ? 'draining' : turn.condition === 'drained' ? 'drained' : 'held',
    LastError: lastError,
    Held: held,
    NextAttemptAt: now.nextTurnAt === null ? null : new Date(now.nextTurnAt),
  });
  const why =
    turn.condition === 'failing'
      ? `it is failing (${reason}); one postback at a time probes it`
      : turn.condition;
  const next =
    now.nextTurnAt === null
      ? 'Nothing happens before somebody sends `resume`.'
      : `Next turn: ${now.nextTurnAt}. Send \`resume\` to try now.`;
  setCurrentDetails(
    `**${held} postbacks wait** for endpoint ${of.endpointId}: ${why}.\n\n${held === 0 ? 'All sent.' : next}`,
  );
}
