// Servers of the affiliates, in their own process: answer after a delay, and record the postbacks
// and their times.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from './child.ts';

/** A postback received by a server; `at` is in milliseconds since 1970. */
export type Arrival = {
  receiver: number;
  deliveryId: string;
  eventId: string;
  payoutDelta: string;
  at: number;
};

/**
 * Delay of the answer in milliseconds, or a server that closes every connection, answers 404, or
 * never answers. Only postbacks answered with 200 count as received.
 */
export type Behaviour = number | 'down' | 'refuses' | 'hangs';

export type ReceiverQuestions = {
  /**
   * Starts so many servers, each on its own port, and returns their URLs. Postbacks of earlier
   * servers are forgotten.
   */
  open(count: number): Promise<string[]>;
  /** Sets the behaviour of each server from now on. */
  behave(manners: Behaviour[]): Promise<void>;
  /** Forgets all received postbacks. */
  forget(input: null): Promise<void>;
  /** Number of postbacks each server received, repeats included. */
  count(input: null): Promise<number[]>;
  arrivals(input: null): Promise<Arrival[]>;
  /** `arrivals`, which are forgotten; the counts stay. */
  takeArrivals(input: null): Promise<Arrival[]>;
};

type Kept = { receiver: number; deliveryId: string; body: Buffer[]; at: number };

let servers: Server[] = [];
let kept: Kept[] = [];
let counts: number[] = [];
let manners: Behaviour[] = [];

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

/** Timers per request and a date per answer would cost the measured machine time. */
const LEAN = {
  keepAliveTimeout: 0,
  requestTimeout: 0,
  headersTimeout: 0,
  connectionsCheckingInterval: 2 ** 30,
};

/** Stores the raw body; parsing waits until the measurement is over. */
function take(receiver: number, request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  const manner = manners[receiver]!;
  if (manner === 'down') return void request.socket.destroy();
  const body: Buffer[] = [];
  request.on('data', (chunk: Buffer) => body.push(chunk));
  request.on('end', () => {
    if (manner === 'hangs') return;
    if (manner === 'refuses') return void response.writeHead(404).end();
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
  takeArrivals: async () => {
    const taken = await arrivals();
    kept = [];
    return taken;
  },
  count: async () => counts,
  behave: async (given: Behaviour[]) => void (manners = given),
  forget: async () => {
    kept = [];
    counts = counts.map(() => 0);
  },
} satisfies ReceiverQuestions);
