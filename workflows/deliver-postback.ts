// Retries one failed delivery on its schedule until it is delivered, given up, or handed to its
// endpoint's queue. The history and the details show every attempt.
import { condition, defineQuery, defineSignal, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { SIGNALS, STATUS_QUERY, type DeliveryInput, type EndpointInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { attemptNumber, attempts, upkeep } from './steps.ts';

const retryNow = defineSignal(SIGNALS.retryNow);
const giveUp = defineSignal(SIGNALS.giveUp);
const pause = defineSignal(SIGNALS.pause);
const resume = defineSignal(SIGNALS.resume);

/** Answer of the status query, also shown in the UI. */
export type DeliveryStatus = {
  state: string;
  tries: number;
  lastError: string | null;
  nextAttemptAt: string | null;
  story: string[];
};
const status = defineQuery<DeliveryStatus>(STATUS_QUERY);

/** Returns the final state; `held`: the endpoint's queue owns the delivery now. */
export async function deliverPostback(input: DeliveryInput): Promise<{ state: string; tries: number }> {
  let command: 'retry' | 'giveUp' | null = null;
  let isPaused = false;
  const now: DeliveryStatus = {
    state: 'starting',
    tries: 0,
    lastError: null,
    nextAttemptAt: null,
    story: [],
  };
  setHandler(retryNow, () => void (command = 'retry'), { description: 'try at once, outside the schedule' });
  setHandler(giveUp, () => void (command = 'giveUp'), { description: 'stop; what has to follow it goes on' });
  setHandler(pause, () => void (isPaused = true), { description: 'wait until resumed' });
  setHandler(resume, () => void (isPaused = false), { description: 'go on after a pause' });
  setHandler(status, () => now);

  const start = await attempts.readPostback(input);
  if (start.kind === 'gone') return { state: start.state, tries: 0 };
  let { tries, nextAttemptAt, lastError } = start;
  now.story.push(`| ${tries} | ${lastError ?? ''} | first attempt, in its batch |`);

  for (;;) {
    Object.assign(now, {
      state: 'retrying',
      tries,
      lastError,
      nextAttemptAt: new Date(nextAttemptAt).toISOString(),
    });
    show(input, now, { ...start, nextAttemptAt });
    const waitMs = nextAttemptAt - Date.now();
    const isInterrupted = (): boolean => command !== null || isPaused;
    if (waitMs > 0)
      await condition(isInterrupted, waitMs, {
        summary: `attempt ${tries + 1} at ${now.nextAttemptAt}, after ${lastError}`,
      });
    if (isPaused && command === null) {
      updateSearchAttributes({ DeliveryState: 'paused' });
      await condition(() => command !== null || !isPaused);
      continue;
    }
    if (command === 'giveUp') {
      const givenUp = await attempts.giveUpPostback(input);
      await wake(givenUp.endpointsToWake);
      return end(now, givenUp.state, tries);
    }
    const cause = command === 'retry' ? 'manual' : 'retry';
    command = null;
    const result = await attemptNumber(tries + 1).attemptPostback({ ...input, cause, tries });
    await wake(result.endpointsToWake);
    if (result.tries > 0) now.story.push(`| ${result.tries} | ${result.reason} | ${cause} |`);
    if (result.state !== 'retrying' || result.nextAttemptAt === null)
      return end(now, result.state, result.tries || tries);
    ({ tries, nextAttemptAt, lastError } = result);
  }
}

async function wake(endpoints: EndpointInput[]): Promise<void> {
  if (endpoints.length > 0) await upkeep.wakeEndpoints(endpoints);
}

function show(
  input: DeliveryInput,
  now: DeliveryStatus,
  row: { endpointId: string; affiliateId: string | null; type: string; nextAttemptAt: number },
): void {
  updateSearchAttributes({
    OperatorId: input.operatorId,
    AffiliateId: row.affiliateId,
    EndpointId: row.endpointId,
    EventType: row.type,
    DeliveryState: now.state,
    LastError: now.lastError,
    Attempts: now.tries,
    NextAttemptAt: new Date(row.nextAttemptAt),
  });
  setCurrentDetails(details(now));
}

function details(now: DeliveryStatus): string {
  const tries = `${now.tries} ${now.tries === 1 ? 'try' : 'tries'}`;
  const lines = [`**${now.state}** after ${tries}: ${now.lastError ?? 'no error'}`];
  if (now.nextAttemptAt !== null)
    lines.push(
      `Next attempt: ${now.nextAttemptAt}. Send the signal \`retryNow\` to try at once, \`giveUp\` to stop.`,
    );
  return [...lines, '', '| try | answer | cause |', '|---|---|---|', ...now.story].join('\n');
}

function end(now: DeliveryStatus, state: string, tries: number): { state: string; tries: number } {
  Object.assign(now, { state, tries, nextAttemptAt: null });
  updateSearchAttributes({ DeliveryState: state, Attempts: tries, NextAttemptAt: null });
  setCurrentDetails(details(now));
  return { state, tries };
}
