// The affiliates' servers, as a process of their own: answer after a delay, and remember what came and when.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from './child.ts';

/** A postback as it arrived at a receiver; `at` is in milliseconds since 1970. */
export type Arrival = {
  receiver: number;
  deliveryId: string;
  eventId: string;
  payoutDelta: string;
  at: number;
};

/** Answers after so many milliseconds; hangs up on whoever calls; or never answers. Only what is answered counts as received. */
export type Manner = number | 'down' | 'hangs';

export type ReceiverQuestions = {
  /** Opens so many servers, each on a port of its own, and gives their URLs. What earlier ones got is forgotten. */
  open(count: number): Promise<string[]>;
  /** How each server behaves from now on. */
  behave(manners: Manner[]): Promise<void>;
  /** Forgets what came so far. */
  forget(input: null): Promise<void>;
  /** How many postbacks each server has got, repeats included. */
  count(input: null): Promise<number[]>;
  arrivals(input: null): Promise<Arrival[]>;
};

type Kept = { receiver: number; deliveryId: string; body: Buffer[]; at: number };

let servers: Server[] = [];
let kept: Kept[] = [];
let counts: number[] = [];
let manners: Manner[] = [];

async function open(count: number): Promise<string[]> {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  kept = [];
  counts = Array.from({ length: count }, () => 0);
  manners = counts.slice();
  servers = counts.map((_, receiver) =>
    createServer(LEAN, (request, response) => take(receiver, request, response)),
  );
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  return servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/postbacks`);
}

/** What these servers need not do costs the machine that is measured: timers for each request, and a date in each answer. */
const LEAN = {
  keepAliveTimeout: 0,
  requestTimeout: 0,
  headersTimeout: 0,
  connectionsCheckingInterval: 2 ** 30,
};

/** Keeps the body as it came; reading it waits until nobody is measured. */
function take(receiver: number, request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  const manner = manners[receiver]!;
  if (manner === 'down') return void request.socket.destroy();
  const body: Buffer[] = [];
  request.on('data', (chunk: Buffer) => body.push(chunk));
  request.on('end', () => {
    if (manner === 'hangs') return;
    kept.push({ receiver, deliveryId: String(request.headers['webhook-id']), body, at: Date.now() });
    counts[receiver]!++;
    if (manner === 0) response.end();
    else setTimeout(() => response.end(), manner);
  });
}

async function arrivals(): Promise<Arrival[]> {
  return kept.map(({ body, ...rest }) => {
    const { data } = JSON.parse(Buffer.concat(body).toString()) as {
      data: { event_id: string; payout_delta: string };
    };
    return { ...rest, eventId: data.event_id, payoutDelta: data.payout_delta };
  });
}

answerQuestions({
  open,
  arrivals,
  count: async () => counts,
  behave: async (given: Manner[]) => void (manners = given),
  forget: async () => {
    kept = [];
    counts = counts.map(() => 0);
  },
} satisfies ReceiverQuestions);
