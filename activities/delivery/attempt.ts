// One attempt of a delivery: render, send, decide what comes next, record.
import { LRUCache } from 'lru-cache';
import { newId } from '../../store/db/ids.ts';
import type { SendingOwner } from '../../domain/delivery/deliveries.ts';
import { isTripped, type HealthEvent } from '../../domain/delivery/breaker.ts';
import {
  blameOf,
  blamesEndpoint,
  decide,
  errorClassOf,
  probeFailedReason,
  reasonOf,
  type Decision,
  type AttemptOutcome,
} from '../../domain/delivery/retry.ts';
import { render, type Recipient } from '../../delivery/render.ts';
import type { Sender } from '../../delivery/send.ts';
import { signingKey, type SigningKey } from '../../delivery/sign.ts';
import type { AttemptRecord } from '../../store/delivery/attempts.ts';
import type { Delivery, SendingEndpoint } from '../../store/delivery/deliveries.ts';
import { endpointSecretContext } from '../../store/delivery/endpoints.ts';
import type { SecretBox } from '../../store/db/secret-box.ts';
import type { Recorder } from './recorder.ts';
import type { EndpointInput } from '../../workflows/contract.ts';
import type { EndpointHealthEvents } from './endpoint-health.ts';

/** The result of an attempt: reasons and ids only, since it may be kept in a workflow's history. */
type AttemptResult = {
  state: 'delivered' | 'retrying' | 'held' | 'gave_up';
  /** Such as "503 after 120 ms". */
  reason: string;
  /** Why the next attempt is when it is. */
  nextReason: string | null;
  errorClass: string | null;
  nextAttemptAt: number | null;
  endpointsToWake: EndpointInput[];
};

/** The caller has claimed the delivery, or is its batch, from which nobody takes it. */
export type Attempt = (
  due: Delivery,
  endpoint: SendingEndpoint,
  cause: AttemptRecord['cause'],
  options?: AttemptOptions,
) => Promise<AttemptResult>;

/**
 * `signal` stops the request. `onAnswered` is called when the request is over, before the outcome
 * is durable.
 */
type AttemptOptions = { signal?: AbortSignal; onAnswered?: (outcome: AttemptOutcome) => void };

type AttemptDeps = {
  sender: Sender;
  recorder: Recorder;
  secretBox: SecretBox;
  onRecorded?: OnRecorded | undefined;
  traceparentOf?: TraceparentOf | undefined;
  random?: () => number;
};

/** Called once an attempt is durable, with the delivery as it was before. */
export type OnRecorded = (due: Delivery, record: AttemptRecord) => void;

/**
 * Called before an attempt: the trace to name to the receiver, if any. Throws nothing, and waits
 * for the store at most.
 */
export type TraceparentOf = (due: Delivery) => string | undefined | Promise<string | undefined>;

/** Opened secrets kept per process. Keyed by the sealed form, so that entries never go stale. */
const SECRETS_AT_MOST = 50_000;

/**
 * The function returned resolves once the attempt is durable. It throws nothing for failures of the
 * receiver.
 */
export function createAttempt({
  sender,
  recorder,
  secretBox,
  onRecorded = () => {},
  traceparentOf,
  random = Math.random,
}: AttemptDeps): Attempt {
  const keys = new LRUCache<string, SigningKey>({ max: SECRETS_AT_MOST });
  /**
   * Endpoints that this process failed to reach or satisfy: their next delivery counts even if the
   * endpoint was loaded before the failure.
   */
  const failed = new Set<string>();

  const keyOf = (sealed: Buffer, context: string): SigningKey => {
    const name = sealed.toString('base64');
    let key = keys.get(name);
    if (!key) {
      key = signingKey(secretBox.open(sealed, context));
      keys.set(name, key);
    }
    return key;
  };

  const keysOf = (endpoint: SendingEndpoint): SigningKey[] => {
    const context = endpointSecretContext(endpoint.operatorId, endpoint.id);
    return [endpoint.secret, ...endpoint.retiringSecrets].map((sealed) => keyOf(sealed, context));
  };

  const sendTo = async (
    endpoint: SendingEndpoint,
    due: Delivery,
    { startedAt, traceparent }: { startedAt: Date; traceparent: string | undefined },
    options: AttemptOptions,
  ): Promise<AttemptOutcome> => {
    try {
      const recipient = recipientOf(endpoint, keysOf(endpoint));
      const request = render(
        { id: due.id, type: due.type, body: due.body, try: due.attempts + 1, traceparent },
        recipient,
        startedAt.getTime(),
      );
      return await sender.send(request, options.signal ? { signal: options.signal } : {});
    } catch (error) {
      // A secret that no key opens, say. It is a failed attempt like any other, so that it holds up
      // no other delivery.
      const detail = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', errorClass: 'local_error', detail, durationMs: 0, phases: {} };
    }
  };

  /** What an attempt says about its endpoint; null where that changes nothing. */
  const eventsOf = (
    due: Delivery,
    endpoint: SendingEndpoint,
    outcome: AttemptOutcome,
    decision: Decision,
    isProbe: boolean,
  ): EndpointHealthEvents | null => {
    const events: HealthEvent[] = [];
    const error = errorClassOf(outcome);
    const blame = blameOf(outcome);
    if (error === null) {
      if (failed.delete(endpoint.id) || hasFailed(endpoint)) events.push({ kind: 'delivered' });
      if (decision.kind === 'delivered' && decision.disableEndpoint)
        events.push({ kind: 'unwanted', because: 'the receiver asked for no more postbacks' });
    } else if (blame !== 'us') {
      failed.add(endpoint.id);
      if (isAlive(outcome) && (isProbe || isTripped(endpoint.failuresInARow)))
        events.push({ kind: 'answered' });
      events.push({ kind: 'failed', blame, aboutId: due.aboutId, error });
      if (decision.kind === 'disable_endpoint') events.push({ kind: 'unwanted', because: decision.reason });
    }
    return events.length === 0
      ? null
      : { operatorId: endpoint.operatorId, endpointId: endpoint.id, url: endpoint.url, events };
  };

  return async (due, endpoint, cause, options = {}) => {
    await recorder.ready();
    const traceparent = traceparentOf && (await traceparentOf(due));
    const startedAt = new Date();
    const outcome = await sendTo(endpoint, due, { startedAt, traceparent }, options);
    options.onAnswered?.(outcome);
    const nowMs = Date.now();
    const isProbe = cause === 'probe';
    const { schedule, failuresInARow } = endpoint;
    const judged = decide({
      schedule,
      tries: due.tries + 1,
      outcome,
      failuresInARow,
      random: random(),
      nowMs,
    });
    // A probe asks about the endpoint: a failed one costs this delivery no try.
    const costsTry =
      !isProbe || isAlive(outcome) || judged.kind === 'disable_endpoint' || judged.kind === 'abort';
    const tries = due.tries + (costsTry ? 1 : 0);
    const decision: Decision = costsTry
      ? judged
      : { kind: 'retry', delayMs: 0, reason: probeFailedReason(outcome) };
    const next = nextOf(due, decision, tries, nowMs);
    const errorClass = errorClassOf(outcome);
    const nextReason = 'reason' in decision ? decision.reason : null;
    const record: AttemptRecord = {
      operatorId: due.operatorId,
      attemptId: newId('att'),
      deliveryId: due.id,
      endpointId: due.endpointId,
      expected: { owner: due.owner as SendingOwner, tries: due.tries },
      next: { ...next, tries, lastError: errorClass },
      number: due.attempts + 1,
      cause,
      startedAt,
      durationMs: outcome.durationMs,
      phases: outcome.phases,
      dialled: outcome.dialled,
      sends: outcome.sends ?? 1,
      statusCode: outcome.kind === 'answered' ? outcome.status : null,
      errorClass,
      excerpt: outcome.kind === 'answered' ? outcome.excerpt : outcome.detail,
      nextReason,
    };
    const endpointsToWake = await recorder.record(
      record,
      eventsOf(due, endpoint, outcome, decision, isProbe),
    );
    onRecorded(due, record);
    const nextAttemptAt = next.nextAttemptAt?.getTime() ?? null;
    return {
      state: next.state,
      reason: reasonOf(outcome),
      nextReason,
      errorClass,
      nextAttemptAt,
      endpointsToWake,
    };
  };
}

/** Whether something failed since the endpoint's last delivery, as far as its row says. */
function hasFailed({ failingSince, lastError }: SendingEndpoint): boolean {
  return failingSince !== null || lastError !== null;
}

function recipientOf(endpoint: SendingEndpoint, secrets: SigningKey[]): Recipient {
  const { url, method, body, form, headers, signing } = endpoint;
  return { url, method, body, form, headers, signing, secrets };
}

/**
 * Whether the endpoint works, also where it refuses this one postback: a 404 for an unknown click
 * id, say.
 */
function isAlive(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && !blamesEndpoint(outcome);
}

type Next = {
  state: AttemptResult['state'];
  owner: AttemptRecord['next']['owner'];
  nextAttemptAt: Date | null;
};

function nextOf(due: Delivery, decision: Decision, tries: number, nowMs: number): Next {
  switch (decision.kind) {
    case 'delivered':
      return { state: 'delivered', owner: null, nextAttemptAt: null };
    case 'retry':
      if (tries === due.tries) return { state: 'held', owner: due.owner, nextAttemptAt: null };
      return { state: 'retrying', owner: due.owner, nextAttemptAt: new Date(nowMs + decision.delayMs) };
    case 'give_up':
    case 'abort':
      return { state: 'gave_up', owner: null, nextAttemptAt: null };
    case 'disable_endpoint':
      return { state: 'held', owner: 'endpoint', nextAttemptAt: null };
  }
}
