// Receiver that counts: what arrived, how it was answered, and which postbacks came while the same
// one was under way. Each path has a mode, which a test changes as it likes.
import { startReceiver, type ReceivedRequest } from './faulty-receiver.ts';
import type { ServerResponse } from 'node:http';

export const RECEIVER_MODES = ['ok', 'slow', 'fails', 'fails-slowly', 'refuses', 'flaky', 'resets'] as const;
export type ReceiverMode = (typeof RECEIVER_MODES)[number];

/** `status`: null where the connection was reset. */
export type Arrival = {
  id: string;
  /** Of `webhook-attempt`. */
  number: number;
  body: string;
  at: number;
  status: number | null;
};

export type CountingReceiver = {
  url(path: string): string;
  set(path: string, mode: ReceiverMode): void;
  readonly arrivals: Arrival[];
  /** Postbacks that arrived while the same one was not answered yet. */
  readonly overlaps: string[];
  isUnderWay(id: string): boolean;
  close(): Promise<void>;
};

const SLOW_MS = 300;

export async function startCountingReceiver(): Promise<CountingReceiver> {
  const modes = new Map<string, ReceiverMode>();
  const arrivals: Arrival[] = [];
  const overlaps: string[] = [];
  const underWay = new Set<string>();
  let calls = 0;

  function handler(request: ReceivedRequest, response: ServerResponse): void {
    const id = request.headers['webhook-id']!;
    if (underWay.has(id)) overlaps.push(id);
    underWay.add(id);
    const { body, receivedAtMs: at } = request;
    const arrival: Arrival = {
      id,
      number: Number(request.headers['webhook-attempt']),
      body,
      at,
      status: null,
    };
    arrivals.push(arrival);
    const mode = modes.get(request.path.split('?')[0]!) ?? 'ok';
    const status = statusOf(mode, (calls += 1));
    const answer = (): void => {
      underWay.delete(id);
      if (status === null) return void response.destroy();
      arrival.status = status;
      response.writeHead(status).end();
    };
    if (mode === 'slow' || mode === 'fails-slowly') setTimeout(answer, SLOW_MS);
    else answer();
  }

  const receiver = await startReceiver({ remember: false, handler });
  return {
    url: (path) => receiver.url + path,
    set: (path, mode) => void modes.set(path, mode),
    arrivals,
    overlaps,
    isUnderWay: (id) => underWay.has(id),
    close: receiver.close,
  };
}

function statusOf(mode: ReceiverMode, call: number): number | null {
  switch (mode) {
    case 'ok':
    case 'slow':
      return 200;
    case 'fails':
    case 'fails-slowly':
      return 503;
    case 'refuses':
      return 404;
    case 'flaky':
      return call % 3 === 0 ? 200 : 500;
    case 'resets':
      return null;
  }
}
