// Bundled receiver: one process in the role of the affiliates' servers, for the demo, benchmarks
// and experiments. It verifies every signature as an affiliate should, drops duplicates by
// webhook-id, and sums reported payouts. Postbacks to a name that it does not know are taken as
// well, and their signatures judged once it learns the secret.
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { contentOfGet, secretKey, verify } from '../delivery/sign.ts';
import { createInbox } from './inbox.ts';
import type { Inbox, Postback } from './inbox.ts';
import { answer, answerJson, answerPage, header, isLoopback, readBody, splitOnce } from './receiver-http.ts';
import { landingPage, overviewPage } from './receiver-page.ts';
import { loadState, saveState } from './receiver-state.ts';

/** A running receiver; `url` has no trailing slash. */
export interface Receiver {
  url: string;
  close(): Promise<void>;
}

const NAME = /^[\w.-]{1,100}$/;
const MAX_ON_PAGE = 20;
/** Names that are taken without a secret; more are refused, since anybody can make them up. */
const MAX_UNKNOWN_NAMES = 100;

/**
 * Starts the receiver; port 0 takes a free port. Postbacks are kept in memory only. Rejects when
 * the port is taken.
 */
export async function startReceiver(options: {
  host: string;
  port: number;
  dataDir: string;
}): Promise<Receiver> {
  const server = createServer(createListener(options.dataDir));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { url: `http://${options.host}:${port}`, close: () => closeServer(server) };
}

function createListener(dataDir: string): RequestListener {
  const state = loadState(dataDir);
  const inboxes = new Map<string, Inbox>();
  let refusedByFailing = 0;

  function inboxOf(name: string): Inbox {
    const inbox = inboxes.get(name) ?? createInbox();
    inboxes.set(name, inbox);
    return inbox;
  }

  /** The names of all inboxes: with a secret, and those that postbacks made up. */
  function names(): string[] {
    return [...new Set([...state.secrets.keys(), ...inboxes.keys()])];
  }

  function receive(request: IncomingMessage, response: ServerResponse, name: string, body: string): void {
    const secret = state.secrets.get(name);
    if (secret === undefined && !mayTake(name)) return answer(response, 404, 'no such endpoint');
    const url = `http://${request.headers.host}${request.url}`;
    const postback = parsePostback(request, url, body);
    if (secret !== undefined) postback.verdict = isSigned(postback, secret) ? 'valid' : 'bad signature';
    if (postback.verdict === 'bad signature') {
      inboxOf(name).refuse();
      return answer(response, 401, 'bad signature');
    }
    inboxOf(name).add(postback);
    answer(response, 200, secret === undefined ? 'taken; the signature was not checked' : 'ok');
  }

  function mayTake(name: string): boolean {
    return NAME.test(name) && (inboxes.has(name) || inboxes.size < state.secrets.size + MAX_UNKNOWN_NAMES);
  }

  function fail(request: IncomingMessage, response: ServerResponse, name: string, body: string): void {
    if (state.healed) return receive(request, response, name, body);
    refusedByFailing += 1;
    answer(response, 503, 'out of order until POST /heal');
  }

  function register(request: IncomingMessage, response: ServerResponse, name: string, body: string): void {
    if (!isLoopback(request)) return answer(response, 403, 'secrets are registered from this machine only');
    const { secret } = parseObject(body);
    if (!learn(name, secret)) return answer(response, 400, 'expected a plain name and {"secret":"whsec_…"}');
    answer(response, 204);
  }

  /** The form of the overview. */
  function registerByForm(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    body: string,
  ): void {
    if (!isLoopback(request)) return answer(response, 403, 'secrets are registered from this machine only');
    if (!learn(name, new URLSearchParams(body).get('secret')?.trim()))
      return answer(response, 400, 'this is not a secret such as whsec_…');
    response.writeHead(303, { location: '/' }).end();
  }

  /** Learns a secret, and judges what came before it. False where it is none. */
  function learn(name: string, secret: unknown): boolean {
    if (!NAME.test(name) || !isSecret(secret)) return false;
    state.secrets.set(name, secret);
    saveState(dataDir, state);
    inboxes.get(name)?.judge((postback) => isSigned(postback, secret));
    return true;
  }

  function heal(response: ServerResponse): void {
    state.healed = true;
    saveState(dataDir, state);
    response.writeHead(303, { location: '/' }).end();
  }

  function overview(): string {
    const views = names().map((name) => {
      const inbox = inboxOf(name);
      const isKnown = state.secrets.has(name);
      return { name, isKnown, stats: inbox.stats(), recent: inbox.recent().slice(0, MAX_ON_PAGE) };
    });
    return overviewPage(views, { healed: state.healed, refused: refusedByFailing });
  }

  function stats(): Record<string, unknown> {
    return Object.fromEntries(names().map((name) => [name, inboxOf(name).stats()]));
  }

  return (request, response) => {
    readBody(request, response, (body) => {
      const [path, search = ''] = splitOnce(request.url ?? '/', '?');
      const [, place = '', name = ''] = path.split('/');
      const query = new URLSearchParams(search);
      switch (`${request.method} /${place}`) {
        case 'POST /postbacks':
        case 'GET /postbacks':
          return receive(request, response, name, body);
        case 'POST /failing':
        case 'GET /failing':
          return fail(request, response, name, body);
        case 'PUT /secrets':
          return register(request, response, name, body);
        case 'POST /secrets':
          return registerByForm(request, response, name, body);
        case 'POST /heal':
          return heal(response);
        case 'GET /':
          return answerPage(response, overview());
        case 'GET /landing':
          return answerPage(response, landingPage(query));
        case 'GET /received':
          return answerJson(response, inboxes.get(query.get('name') ?? '')?.recent() ?? []);
        case 'GET /stats':
          return answerJson(response, stats());
        case 'DELETE /received':
          inboxes.clear();
          return answer(response, 204);
        default:
          return answer(response, 404, 'not found');
      }
    });
  };
}

/** Whether it is signed with the secret, by the clock of when it came. */
function isSigned(postback: Postback, secret: string): boolean {
  const { id, timestamp, signature, method, url, body, received_at: receivedAt } = postback;
  const verdict = verify({
    id,
    timestamp,
    signature,
    content: method === 'GET' ? contentOfGet(url) : body,
    secrets: [secretKey(secret)],
    nowMs: Date.parse(receivedAt),
  });
  return verdict === 'valid';
}

function isSecret(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  try {
    return secretKey(value).length > 0;
  } catch {
    return false;
  }
}

/**
 * Reads the fields of the JSON body, the form or the query. A GET carries its type as `event_type`
 * or `type`.
 */
function parsePostback(request: IncomingMessage, url: string, body: string): Postback {
  const isGet = request.method === 'GET';
  const isJson = !isGet && header(request, 'content-type').startsWith('application/json');
  const fields = isJson ? parseObject(body) : formFields(isGet ? (splitOnce(url, '?')[1] ?? '') : body);
  const data = isJson ? fields['data'] : fields;
  return {
    id: header(request, 'webhook-id'),
    received_at: new Date().toISOString(),
    attempt: header(request, 'webhook-attempt'),
    method: request.method ?? '',
    url,
    body,
    type: toText(fields['event_type'] ?? fields['type']),
    data: Object.fromEntries(Object.entries(data ?? {}).map(([name, value]) => [name, toText(value)])),
    timestamp: header(request, 'webhook-timestamp'),
    signature: header(request, 'webhook-signature'),
    verdict: 'unknown',
  };
}

function formFields(text: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(text));
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function parseObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { RECEIVER_PORT = '8090', HOST = '127.0.0.1', DATA_DIR = '.data' } = process.env;
  const receiver = await startReceiver({ host: HOST, port: Number(RECEIVER_PORT), dataDir: DATA_DIR });
  console.log(`receiver ${receiver.url}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void receiver.close());
}
