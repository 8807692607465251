// One postback in trouble: wait, attempt, decide again, until it is delivered, given up, or somebody else's. Its history is its story.
import { condition, defineQuery, defineSignal, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { SIGNALS, STATUS_QUERY, type DeliveryInput, type EndpointInput } from './contract.ts';
import { showInLists } from './search-attributes.ts';
import { attemptNumber, attempts, upkeep } from './steps.ts';

const retryNow = defineSignal(SIGNALS.retryNow);
const giveUp = defineSignal(SIGNALS.giveUp);
const pause = defineSignal(SIGNALS.pause);
const resume = defineSignal(SIGNALS.resume);

/** What the query answers and the UI shows. */
export type DeliveryStatus = {
  state: string;
  tries: number;
  lastError: string | null;
  nextAttemptAt: string | null;
  story: string[];
};
const status = defineQuery<DeliveryStatus>(STATUS_QUERY);

/** How the postback ended for this workflow; `held`: its endpoint's queue has it now. */
export async function deliverPostback(input: DeliveryInput): Promise<{ state: string; tries: number }> {
  let wish: 'retry' | 'giveUp' | null = null;
  let isPaused = false;
  const now: DeliveryStatus = {
    state: 'starting',
    tries: 0,
    lastError: null,
    nextAttemptAt: null,
    story: [],
  };
  setHandler(retryNow, () => void (wish = 'retry'), { description: 'try at once, outside the schedule' });
  setHandler(giveUp, () => void (wish = 'giveUp'), { description: 'stop; what has to follow it goes on' });
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
    const wanted = (): boolean => wish !== null || isPaused;
    if (waitMs > 0)
      await condition(wanted, waitMs, {
        summary: `attempt ${tries + 1} at ${now.nextAttemptAt}, after ${lastError}`,
      });
    if (isPaused && wish === null) {
      showInLists({ DeliveryState: 'paused' });
      await condition(() => wish !== null || !isPaused);
      continue;
    }
    if (wish === 'giveUp') {
      const given = await attempts.giveUpPostback(input);
      await wake(given.endpointsToWake);
      return end(now, given.state, tries);
    }
    const cause = wish === 'retry' ? 'manual' : 'retry';
    wish = null;
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
  showInLists({
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
  const lines = [
    `**${now.state}** after ${now.tries} ${now.tries === 1 ? 'try' : 'tries'}: ${now.lastError ?? 'no error'}`,
  ];
  if (now.nextAttemptAt !== null)
    lines.push(
      `Next attempt: ${now.nextAttemptAt}. Send the signal \`retryNow\` to try at once, \`giveUp\` to stop.`,
    );
  return [...lines, '', '| try | answer | cause |', '|---|---|---|', ...now.story].join('\n');
}

function end(now: DeliveryStatus, state: string, tries: number): { state: string; tries: number } {
  Object.assign(now, { state, tries, nextAttemptAt: null });
  showInLists({ DeliveryState: state, Attempts: tries, NextAttemptAt: null });
  setCurrentDetails(details(now));
  return { state, tries };
}
