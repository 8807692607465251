// The affiliates' side of the example: one HTTP server in this process with a path for each affiliate. Signatures are verified with the
// reference library of Standard Webhooks, not with the project's own code, and every postback is added up as an affiliate would.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { unitsOf } from './expected.ts';

/** What one affiliate's server has been told. */
export interface Told {
  /** Ids of the postbacks accepted so far; the same id again is a double. */
  ids: Set<string>;
  doubled: number;
  badSignatures: number;
  /** Cents: the sum of `payout_delta`, doubles left out. */
  payout: bigint;
  /** `created <event id>` and `reversed <event id of the conversion>`. */
  notices: Set<string>;
  /** Reversals that came before the conversion they reverse. */
  reversedTooEarly: number;
}

export interface AffiliateServers {
  url: string;
  /** Opens the path `/<name>` for an affiliate; postbacks to other paths are answered 404. */
  open(name: string, secret: string, told: Told): void;
  /** Waits until `isDone` holds, looked at on every arrival. False when `deadline` passed first, or nothing arrived for `quietMs`. */
  waitUntil(isDone: () => boolean, limits: { deadline: number; quietMs: () => number }): Promise<boolean>;
  /** When the last postback came, in milliseconds since 1970. */
  lastArrival(): number;
  close(): void;
}

/** A server that has been told nothing. */
export function nothingTold(): Told {
  return {
    ids: new Set(),
    doubled: 0,
    badSignatures: 0,
    payout: 0n,
    notices: new Set(),
    reversedTooEarly: 0,
  };
}

interface Fields {
  type: string;
  eventId: string;
  originalEventId: string;
  payoutDelta: string;
}

/** The query an affiliate puts into the URL of a GET endpoint, so that the macros bring what `fieldsFromQuery` reads. */
export const GET_QUERY =
  'type={event_type}&event={event_id}&original={original_event_id}&delta={payout_delta}';

/** Starts the servers on a free port of the loopback address. */
export async function startAffiliateServers(): Promise<AffiliateServers> {
  const open = new Map<string, { webhook: Webhook; told: Told }>();
  let lastArrival = Date.now();
  let wake = () => {};

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const affiliate = open.get((request.url ?? '').split(/[/?]/)[1] ?? '');
    if (!affiliate) return void response.writeHead(404).end();
    const url = `http://${request.headers.host}${request.url}`;
    const content = request.method === 'GET' ? `GET ${url}` : body;
    if (!isGenuine(affiliate.webhook, content, request.headers)) {
      affiliate.told.badSignatures += 1;
      return void response.writeHead(401).end();
    }
    take(
      affiliate.told,
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
    open: (name, secret, told) => void open.set(name, { webhook: new Webhook(secret), told }),
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

function take(told: Told, id: string, { type, eventId, originalEventId, payoutDelta }: Fields): void {
  if (told.ids.has(id)) {
    told.doubled += 1;
    return;
  }
  told.payout += unitsOf(payoutDelta || '0', 2);
  told.ids.add(id);
  if (type === 'conversion.created') told.notices.add(`created ${eventId}`);
  if (type !== 'conversion.reversed') return;
  told.notices.add(`reversed ${originalEventId}`);
  if (!told.notices.has(`created ${originalEventId}`)) told.reversedTooEarly += 1;
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
