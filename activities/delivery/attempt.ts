// One attempt of a postback, whoever makes it: render, send, judge, record.
import { LRUCache } from 'lru-cache';
import { newId } from '../../store/db/ids.ts';
import type { SendingOwner } from '../../domain/delivery/deliveries.ts';
import { isTripped } from '../../domain/delivery/breaker.ts';
import {
  blamesEndpoint,
  decide,
  errorClassOf,
  probeFailedReason,
  reasonOf,
  type Decision,
  type Outcome,
} from '../../domain/delivery/retry.ts';
import { render, type Recipient } from '../../delivery/render.ts';
import type { Sender } from '../../delivery/send.ts';
import { signingKey, type SigningKey } from '../../delivery/sign.ts';
import type { AttemptRecord } from '../../store/delivery/attempts.ts';
import type { Due, SendingEndpoint } from '../../store/delivery/deliveries.ts';
import { endpointSecretContext } from '../../store/delivery/endpoints.ts';
import type { SecretBox } from '../../store/db/secret-box.ts';
import type { Recorder } from './recorder.ts';
import type { EndpointInput } from '../../workflows/contract.ts';
import type { EndpointNews } from './endpoint-health.ts';

/** What came of an attempt, for whoever made it: reasons and ids only, since it may be kept in a workflow's history. */
export type AttemptResult = {
  state: 'delivered' | 'retrying' | 'held' | 'gave_up';
  /** Such as "503 after 120 ms". */
  reason: string;
  errorClass: string | null;
  nextAttemptAt: number | null;
  endpointsToWake: EndpointInput[];
};

export type Attempt = (
  due: Due,
  endpoint: SendingEndpoint,
  cause: AttemptRecord['cause'],
  options?: AttemptOptions,
) => Promise<AttemptResult>;

/** `signal` stops the request; `onAnswered` is called when the request is over and its place is free, before the outcome is durable. */
export type AttemptOptions = { signal?: AbortSignal; onAnswered?: (outcome: Outcome) => void };

export type AttemptDeps = { sender: Sender; recorder: Recorder; secretBox: SecretBox; random?: () => number };

/** Opened secrets kept per process. Keyed by the sealed form, so that entries never go stale. */
const SECRETS_AT_MOST = 50_000;

/** Makes the function that makes attempts. It resolves once the attempt is durable, and throws nothing for what the other side does. */
export function createAttempt({ sender, recorder, secretBox, random = Math.random }: AttemptDeps): Attempt {
  const keys = new LRUCache<string, SigningKey>({ max: SECRETS_AT_MOST });
  /** Endpoints this process saw failing, so that the next success is news even where the endpoint was loaded before the failure. */
  const failing = new Set<string>();

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
    due: Due,
    startedAt: Date,
    options: AttemptOptions,
  ): Promise<Outcome> => {
    try {
      const recipient = recipientOf(endpoint, keysOf(endpoint));
      const request = render(
        { id: due.id, type: due.type, body: due.body, try: due.tries + 1 },
        recipient,
        startedAt.getTime(),
      );
      return await sender.send(request, options.signal ? { signal: options.signal } : {});
    } catch (error) {
      // A secret that none of our keys opens, say: an attempt that failed, told like any other, so that it holds up no other postback.
      const detail = error instanceof Error ? error.message : String(error);
      return { kind: 'failed', errorClass: 'local_error', detail, durationMs: 0, phases: {} };
    }
  };

  const newsOf = (
    endpoint: SendingEndpoint,
    outcome: Outcome,
    decision: Decision,
    isProbe: boolean,
  ): EndpointNews | null => {
    const of = { operatorId: endpoint.operatorId, endpointId: endpoint.id };
    if (decision.kind === 'disable_endpoint')
      return { ...of, failures: 1, recovered: false, disabledBecause: decision.reason };
    if (
      decision.kind === 'delivered' ||
      (isAlive(outcome) && (isProbe || isTripped(endpoint.failuresInARow)))
    ) {
      const isUnwanted = decision.kind === 'delivered' && decision.disableEndpoint;
      const disabledBecause = isUnwanted ? 'the receiver asked for no more postbacks' : null;
      const recovered = failing.delete(endpoint.id) || endpoint.failingSince !== null;
      return recovered || disabledBecause !== null
        ? { ...of, failures: 0, recovered, disabledBecause }
        : null;
    }
    if (!blamesEndpoint(outcome)) return null;
    failing.add(endpoint.id);
    return { ...of, failures: 1, recovered: false, disabledBecause: null };
  };

  return async (due, endpoint, cause, options = {}) => {
    await recorder.ready();
    const startedAt = new Date();
    const outcome = await sendTo(endpoint, due, startedAt, options);
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
    // A probe asks about the endpoint: that it is still down is no try of this postback.
    const costsTry =
      !isProbe || isAlive(outcome) || judged.kind === 'disable_endpoint' || judged.kind === 'abort';
    const tries = due.tries + (costsTry ? 1 : 0);
    const decision: Decision = costsTry
      ? judged
      : { kind: 'retry', delayMs: 0, reason: probeFailedReason(outcome) };
    const next = nextOf(due, decision, tries, nowMs);
    const errorClass = errorClassOf(outcome);
    const endpointsToWake = await recorder.record({
      record: {
        operatorId: due.operatorId,
        attemptId: newId('att'),
        deliveryId: due.id,
        endpointId: due.endpointId,
        expected: { owner: due.owner as SendingOwner, tries: due.tries },
        next: { ...next, tries, lastError: errorClass },
        number: due.tries + 1,
        cause,
        startedAt,
        durationMs: outcome.durationMs,
        phases: outcome.phases,
        dialled: outcome.dialled,
        statusCode: outcome.kind === 'answered' ? outcome.status : null,
        errorClass,
        excerpt: outcome.kind === 'answered' ? outcome.excerpt : outcome.detail,
        nextReason: 'reason' in decision ? decision.reason : null,
      },
      news: newsOf(endpoint, outcome, decision, isProbe),
    });
    const nextAttemptAt = next.nextAttemptAt?.getTime() ?? null;
    return {
      state: next.state,
      reason: reasonOf(outcome),
      errorClass,
      nextAttemptAt,
      endpointsToWake,
    };
  };
}

function recipientOf(endpoint: SendingEndpoint, secrets: SigningKey[]): Recipient {
  const { url, method, body, form, headers, signing } = endpoint;
  return { url, method, body, form, headers, signing, secrets };
}

/** Whether the endpoint works, whatever it thinks of this one postback: a 404 for a click id it does not know, say. */
function isAlive(outcome: Outcome): boolean {
  return outcome.kind === 'answered' && !blamesEndpoint(outcome);
}

type Next = {
  state: AttemptResult['state'];
  owner: AttemptRecord['next']['owner'];
  nextAttemptAt: Date | null;
};

function nextOf(due: Due, decision: Decision, tries: number, nowMs: number): Next {
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
