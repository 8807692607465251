// Receivers of a chaos run: one server with a path per endpoint, whose mood changes as the plan
// goes on. It keeps a record of every request that reached it.
import type { ServerResponse } from 'node:http';
import { startReceiver, type ReceivedRequest } from '../support/faulty-receiver.ts';
import type { Arrival } from './records.ts';

const MOODS = [
  'ok',
  'ok',
  'ok',
  'slow',
  'fails',
  'refuses',
  'flaky',
  'resets',
  'garbage',
  'hangs',
  'late',
] as const;
type Mood = (typeof MOODS)[number] | 'dead';

type Body = {
  type: string;
  data: Partial<
    Record<
      | 'event_id'
      | 'original_event_id'
      | 'affiliate_id'
      | 'via'
      | 'payout'
      | 'payout_delta'
      | 'payout_currency',
      string
    >
  >;
};

type Writable = { -readonly [K in keyof Arrival]: Arrival[K] };

export interface Receivers {
  url(path: string): string;
  readonly arrivals: readonly Arrival[];
  /** Makes a path fail for ever. */
  kill(path: string): void;
  /** Gives some of the paths another mood. */
  shake(next: () => number): void;
  /** All but the dead ones work from now on. */
  calm(): void;
  close(): Promise<void>;
}

const SLOW_MS = 400;
/** Longer than a sender waits: it hears nothing of this answer. */
const LATE_MS = 16_000;

export async function startReceivers(): Promise<Receivers> {
  const moods = new Map<string, Mood>();
  const arrivals: Arrival[] = [];
  let calls = 0;

  function handler(request: ReceivedRequest, response: ServerResponse): void {
    const arrival = arrivalOf(request);
    arrivals.push(arrival);
    const answer = (status: number): void => {
      if (response.destroyed) return;
      response.once('finish', () => Object.assign(arrival, { status, answeredAt: Date.now() }));
      response.writeHead(status).end();
    };
    respond(moods.get(request.path) ?? 'ok', { answer, response, call: (calls += 1) });
    if (!moods.has(request.path)) moods.set(request.path, 'ok');
  }

  const receiver = await startReceiver({ remember: false, handler });
  return {
    url: (path) => receiver.url + path,
    arrivals,
    kill: (path) => void moods.set(path, 'dead'),
    shake(next) {
      for (const [path, mood] of moods)
        if (mood !== 'dead' && next() < 0.3) moods.set(path, MOODS[Math.floor(next() * MOODS.length)]!);
    },
    calm() {
      for (const [path, mood] of moods) if (mood !== 'dead') moods.set(path, 'ok');
    },
    close: receiver.close,
  };
}

type Exchange = { answer: (status: number) => void; response: ServerResponse; call: number };

function respond(mood: Mood, { answer, response, call }: Exchange): void {
  switch (mood) {
    case 'ok':
      return answer(200);
    case 'slow':
      return void setTimeout(answer, SLOW_MS, 200);
    case 'fails':
    case 'dead':
      return answer(503);
    case 'refuses':
      return answer(404);
    case 'flaky':
      return answer(call % 3 === 0 ? 200 : 500);
    case 'resets':
      return void response.socket?.resetAndDestroy();
    case 'garbage':
      return void response.socket?.end('220 mail.example ESMTP\r\n');
    case 'hangs':
      return;
    case 'late':
      return void setTimeout(answer, LATE_MS, 200);
  }
}

function arrivalOf({ headers, path, body, receivedAtMs }: ReceivedRequest): Writable {
  const { type, data } = JSON.parse(body) as Body;
  return {
    id: headers['webhook-id'] ?? '',
    attempt: Number(headers['webhook-attempt']),
    path,
    type,
    eventId: data.event_id ?? null,
    conversionId: data.original_event_id ?? data.event_id ?? null,
    affiliateId: data.affiliate_id ?? null,
    via: data.via ?? null,
    payout: data.payout ?? null,
    payoutDelta: data.payout_delta ?? null,
    currency: data.payout_currency ?? null,
    receivedAt: receivedAtMs,
    answeredAt: null,
    status: null,
  };
}
