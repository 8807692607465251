// Affiliates' servers of the example: one HTTP server with a path per affiliate. Signatures are
// verified with the reference library of Standard Webhooks, not with the project's own code, and
// postbacks are summed as an affiliate would.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { unitsOf } from './expected.ts';

/** Postbacks received by one affiliate's server. */
export interface Received {
  /** Ids of accepted postbacks; a repeated id is a duplicate. */
  ids: Set<string>;
  doubled: number;
  badSignatures: number;
  /** Cents: the sum of `payout_delta` without duplicates. */
  payout: bigint;
  /** `created <event id>` and `reversed <event id of the conversion>`. */
  notices: Set<string>;
  /** Reversals that arrived before the conversion they reverse. */
  reversedEarly: number;
}

export interface AffiliateServers {
  url: string;
  /** Opens the path `/<name>` for an affiliate; postbacks to other paths are answered 404. */
  open(name: string, secret: string, received: Received): void;
  /**
   * Waits until `isDone` holds, checked on every arrival. Returns false when `deadline` passes
   * first, or nothing arrives for `quietMs`.
   */
  waitUntil(isDone: () => boolean, limits: { deadline: number; quietMs: () => number }): Promise<boolean>;
  /** Arrival of the last postback, in milliseconds since 1970. */
  lastArrival(): number;
  close(): void;
}

/** State of a server before its first postback. */
export function nothingReceived(): Received {
  return {
    ids: new Set(),
    doubled: 0,
    badSignatures: 0,
    payout: 0n,
    notices: new Set(),
    reversedEarly: 0,
  };
}

interface Fields {
  type: string;
  eventId: string;
  originalEventId: string;
  payoutDelta: string;
}

/** Query of a GET endpoint's URL: the macros fill the fields that `fieldsFromQuery` reads. */
export const GET_QUERY =
  'type={event_type}&event={event_id}&original={original_event_id}&delta={payout_delta}';

/** Starts the servers on a free port of the loopback address. */
export async function startAffiliateServers(): Promise<AffiliateServers> {
  const open = new Map<string, { webhook: Webhook; received: Received }>();
  let lastArrival = Date.now();
  let wake = () => {};

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const affiliate = open.get((request.url ?? '').split(/[/?]/)[1] ?? '');
    if (!affiliate) return void response.writeHead(404).end();
    const url = `http://${request.headers.host}${request.url}`;
    const content = request.method === 'GET' ? `GET ${url}` : body;
    if (!isGenuine(affiliate.webhook, content, request.headers)) {
      affiliate.received.badSignatures += 1;
      return void response.writeHead(401).end();
    }
    take(
      affiliate.received,
      String(request.headers['webhook-id']),
      request.method === 'GET' ? fieldsFromQuery(url) : fieldsFromJson(body),
    );
    response.writeHead(204).end();
    lastArrival = Date.now();
    wake();
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.writeHead(400).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  return {
    url: `http://127.0.0.1:${port}`,
    open: (name, secret, received) => void open.set(name, { webhook: new Webhook(secret), received }),
    waitUntil: (isDone, limits) =>
      new Promise((resolve) => {
        const look = () => {
          const isOver = Date.now() > limits.deadline || Date.now() > lastArrival + limits.quietMs();
          if (!isDone() && !isOver) return;
          clearInterval(clock);
          wake = () => {};
          resolve(isDone());
        };
        const clock = setInterval(look, 1000);
        wake = look;
        look();
      }),
    lastArrival: () => lastArrival,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function isGenuine(webhook: Webhook, content: string, headers: IncomingMessage['headers']): boolean {
  try {
    webhook.verify(content, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

function take(received: Received, id: string, { type, eventId, originalEventId, payoutDelta }: Fields): void {
  if (received.ids.has(id)) {
    received.doubled += 1;
    return;
  }
  received.payout += unitsOf(payoutDelta || '0', 2);
  received.ids.add(id);
  if (type === 'conversion.created') received.notices.add(`created ${eventId}`);
  if (type !== 'conversion.reversed') return;
  received.notices.add(`reversed ${originalEventId}`);
  if (!received.notices.has(`created ${originalEventId}`)) received.reversedEarly += 1;
}

function fieldsFromJson(body: string): Fields {
  const { type, data } = JSON.parse(body) as { type: string; data: Record<string, string | undefined> };
  return {
    type,
    eventId: data['event_id'] ?? '',
    originalEventId: data['original_event_id'] ?? '',
    payoutDelta: data['payout_delta'] ?? '',
  };
}

function fieldsFromQuery(url: string): Fields {
  const query = new URL(url).searchParams;
  const field = (name: string) => query.get(name) ?? '';
  return {
    type: field('type'),
    eventId: field('event'),
    originalEventId: field('original'),
    payoutDelta: field('delta'),
  };
}
