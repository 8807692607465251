// Retries one failed delivery on its schedule until it is delivered, given up, or handed to its
// endpoint's queue. The history and the details show every attempt.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  patched,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { PostbackAbout } from '../activities/delivery/single-delivery.ts';
import { GAVE_UP, SIGNALS, STATUS_QUERY, type DeliveryInput, type EndpointInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { attemptNumber, attempts, upkeep } from './steps.ts';
import { counted, errorText, moment } from './texts.ts';

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
  /** Why the next attempt is when it is, or why there is none while it is paused. */
  nextReason: string | null;
  story: string[];
};
const status = defineQuery<DeliveryStatus>(STATUS_QUERY);

type Ended = { state: string; tries: number };

/**
 * Returns the final state; `held`: the endpoint's queue owns the delivery now. A delivery that was
 * given up fails the workflow, so that no list shows it as done.
 */
export async function deliverPostback(input: DeliveryInput): Promise<Ended> {
  let command: 'retry' | 'giveUp' | null = null;
  /** What a person wants of the row; null: nothing, or it is done. */
  let wish: { kind: 'resume' } | { kind: 'pause'; reason: string } | null = null;
  const now: DeliveryStatus = {
    state: 'starting',
    tries: 0,
    lastError: null,
    nextAttemptAt: null,
    nextReason: null,
    story: [],
  };
  setHandler(retryNow, () => void (command = 'retry'), { description: 'try at once, outside the schedule' });
  setHandler(giveUp, () => void (command = 'giveUp'), { description: 'stop; what has to follow it goes on' });
  setHandler(pause, () => void (wish = { kind: 'pause', reason: 'paused in Temporal' }), {
    description: 'wait until resumed',
  });
  setHandler(resume, () => void (wish = { kind: 'resume' }), { description: 'go on after a pause' });
  setHandler(status, () => now);
  const isInterrupted = (): boolean => command !== null || wish !== null;
  const isRetryAsked = (): boolean => command === 'retry';

  // A cancelled run could neither keep the postback in sight nor say why. So a cancellation is a
  // pause, and resuming it begins a new run, which can be cancelled again.
  const run = CancellationScope.current();
  run.cancelRequested.catch(() => void (wish = { kind: 'pause', reason: 'cancelled in Temporal' }));
  return CancellationScope.nonCancellable(deliver);

  async function deliver(): Promise<Ended> {
    const start = await attempts.readPostback(input);
    if (start.kind === 'gone') return { state: start.state, tries: 0 };
    let { tries, nextAttemptAt, lastError, nextReason, pauseReason = null } = start;
    now.story.push(...(start.story ?? [`| ${tries} | ${lastError ?? ''} | first attempt, in its batch |`]));

    for (;;) {
      Object.assign(now, {
        state: 'retrying',
        tries,
        lastError,
        nextAttemptAt: new Date(nextAttemptAt).toISOString(),
        nextReason: nextReason ?? null,
      });
      show(input, now, start);
      const waitMs = nextAttemptAt - Date.now();
      if (waitMs > 0 && pauseReason === null)
        await condition(isInterrupted, waitMs, {
          summary: `attempt ${tries + 1} at ${now.nextAttemptAt}, after ${lastError}`,
        });
      if (command === null && (wish !== null || pauseReason !== null)) {
        const left = await stayPaused(pauseReason, start.about);
        if (left !== null) return end(now, left.state, tries, start.about);
        pauseReason = null;
        // A next run would not know of another wish.
        if (run.consideredCancelled && !isInterrupted()) await continueAsNew<typeof deliverPostback>(input);
        continue;
      }
      if (command === 'giveUp') {
        const givenUp = await attempts.giveUpPostback(input);
        await wake(givenUp.endpointsToWake);
        return end(now, givenUp.state, tries, start.about);
      }
      const cause = command === 'retry' ? 'manual' : 'retry';
      command = null;
      const result = await attemptNumber(tries + 1).attemptPostback({ ...input, cause, tries });
      await wake(result.endpointsToWake);
      pauseReason = result.pauseReason ?? null;
      // A retry asked for during the attempt has been answered by it.
      if (isRetryAsked() && pauseReason === null && patched('retry-joins-attempt')) command = null;
      if (result.tries > 0 && pauseReason === null)
        now.story.push(`| ${result.tries} | ${result.reason} | ${cause} |`);
      if (result.state !== 'retrying' || result.nextAttemptAt === null)
        return end(now, result.state, result.tries || tries, start.about);
      ({ tries, nextAttemptAt, lastError, nextReason } = result);
    }
  }

  /**
   * Pauses the row, or takes it for paused already, until a person wants something else. Returns
   * the state of a row that this workflow does not own any more.
   */
  async function stayPaused(
    known: string | null,
    about: PostbackAbout | undefined,
  ): Promise<{ state: string } | null> {
    let reason = known;
    for (;;) {
      const wanted: typeof wish = wish;
      wish = null;
      // Histories recorded before this patch paused in Temporal only.
      if (wanted !== null && patched('pause-in-row')) {
        const row =
          wanted.kind === 'pause'
            ? await attempts.pausePostback({ ...input, reason: wanted.reason })
            : await attempts.resumePostback(input);
        if (row.kind === 'gone') return row;
        reason = row.pauseReason;
      } else if (wanted !== null) {
        reason = wanted.kind === 'pause' ? wanted.reason : null;
      }
      if (reason === null || command !== null) return null;
      Object.assign(now, { state: 'paused', nextAttemptAt: null, nextReason: reason });
      updateSearchAttributes({ DeliveryState: 'paused', NextAttemptAt: null, NextReason: reason });
      setCurrentDetails(details(now, about));
      await condition(isInterrupted);
      if (command !== null) return null;
    }
  }
}

async function wake(endpoints: EndpointInput[]): Promise<void> {
  if (endpoints.length > 0) await upkeep.wakeEndpoints(endpoints);
}

function show(
  input: DeliveryInput,
  now: DeliveryStatus,
  row: { endpointId: string; affiliateId: string | null; type: string; about?: PostbackAbout },
): void {
  const { about } = row;
  updateSearchAttributes({
    OperatorId: input.operatorId,
    AffiliateId: row.affiliateId,
    EndpointId: row.endpointId,
    EventType: row.type,
    DeliveryState: now.state,
    LastError: now.lastError,
    Attempts: now.tries,
    NextAttemptAt: now.nextAttemptAt === null ? null : new Date(now.nextAttemptAt),
    NextReason: now.nextReason,
    ...(about && {
      AffiliateName: about.affiliateName,
      EndpointName: about.endpointName,
      EndpointHost: about.endpointHost,
      StuckSince: new Date(about.since),
      NotTold: about.notTold === null ? null : [about.notTold],
    }),
  });
  setCurrentDetails(details(now, about));
}

/** One sentence that says what ops ask at night, what they can do, and a table of the tries. */
function details(now: DeliveryStatus, about: PostbackAbout | undefined): string {
  const tries = counted(now.tries, 'try', 'tries');
  const error = now.lastError === null ? 'no error' : errorText(now.lastError);
  const since = about ? ` since ${moment(about.since)}` : '';
  const next =
    now.nextAttemptAt === null
      ? (now.nextReason ?? now.state)
      : `try ${now.tries + 1} at ${moment(Date.parse(now.nextAttemptAt))}`;
  const how = now.state === 'delivered' ? `delivered after ${tries}` : `${error}${since}, ${next}`;
  const lines = [`**${about?.text ?? 'postback'}**: ${how}.`];
  if (now.state === 'paused')
    lines.push(
      `Paused after ${tries}. Send \`resume\` to go on, \`retryNow\` to try at once, \`giveUp\` to stop.`,
    );
  else if (now.nextAttemptAt !== null)
    lines.push(
      `Retrying after ${tries}${now.nextReason === null ? '' : `: ${now.nextReason}`}. ` +
        'Send `retryNow` to try at once, `pause` to wait, `giveUp` to stop.',
    );
  return [lines.join('\n\n'), '', '| try | answer | cause |', '|---|---|---|', ...now.story].join('\n');
}

function end(now: DeliveryStatus, state: string, tries: number, about: PostbackAbout | undefined): Ended {
  Object.assign(now, { state, tries, nextAttemptAt: null, nextReason: null });
  updateSearchAttributes({
    DeliveryState: state,
    Attempts: tries,
    NextAttemptAt: null,
    NextReason: null,
    ...(state === 'delivered' && { NotTold: null }),
  });
  setCurrentDetails(details(now, about));
  if (state === 'gave_up' && patched('given-up-fails'))
    throw ApplicationFailure.nonRetryable(
      `gave up after ${counted(tries, 'try', 'tries')}: ${now.lastError ?? 'no error'}`,
      GAVE_UP,
    );
  return { state, tries };
}
