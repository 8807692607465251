// Bundled receiver: one process in the role of the affiliates' servers, for the demo, benchmarks
// and experiments. It verifies every signature as an affiliate should, drops duplicates by
// webhook-id, and sums reported payouts.
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { contentOfGet, secretKey, verify } from '../delivery/sign.ts';
import { createInbox } from './inbox.ts';
import type { Inbox, Postback } from './inbox.ts';
import { landingPage, overviewPage } from './receiver-page.ts';
import { loadState, saveState } from './receiver-state.ts';

/** A running receiver; `url` has no trailing slash. */
export interface Receiver {
  url: string;
  close(): Promise<void>;
}

const NAME = /^[\w.-]{1,100}$/;
const MAX_BODY_BYTES = 256 * 1024;
const MAX_ON_PAGE = 20;

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

  /** Answers 404 to a name without a secret: no affiliate is registered under it. */
  function receive(request: IncomingMessage, response: ServerResponse, name: string, body: string): void {
    const secret = state.secrets.get(name);
    if (secret === undefined) return answer(response, 404, 'no such endpoint');
    const url = `http://${request.headers.host}${request.url}`;
    if (!isSigned(request, secret, request.method === 'GET' ? contentOfGet(url) : body)) {
      inboxOf(name).refuse();
      return answer(response, 401, 'bad signature');
    }
    inboxOf(name).add(parsePostback(request, url, body));
    answer(response, 200, 'ok');
  }

  function fail(request: IncomingMessage, response: ServerResponse, name: string, body: string): void {
    if (state.healed) return receive(request, response, name, body);
    refusedByFailing += 1;
    answer(response, 503, 'out of order until POST /heal');
  }

  function register(request: IncomingMessage, response: ServerResponse, name: string, body: string): void {
    if (!isLoopback(request)) return answer(response, 403, 'secrets are registered from this machine only');
    const { secret } = parseObject(body);
    if (!NAME.test(name) || !isSecret(secret))
      return answer(response, 400, 'expected a plain name and {"secret":"whsec_…"}');
    state.secrets.set(name, secret);
    saveState(dataDir, state);
    answer(response, 204);
  }

  function heal(response: ServerResponse): void {
    state.healed = true;
    saveState(dataDir, state);
    response.writeHead(303, { location: '/' }).end();
  }

  function overview(): string {
    const views = [...state.secrets.keys()].map((name) => {
      const inbox = inboxOf(name);
      return { name, stats: inbox.stats(), recent: inbox.recent().slice(0, MAX_ON_PAGE) };
    });
    return overviewPage(views, { healed: state.healed, refused: refusedByFailing });
  }

  function stats(): Record<string, unknown> {
    return Object.fromEntries([...state.secrets.keys()].map((name) => [name, inboxOf(name).stats()]));
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

function isSigned(request: IncomingMessage, secret: string, content: string): boolean {
  const verdict = verify({
    id: header(request, 'webhook-id'),
    timestamp: header(request, 'webhook-timestamp'),
    signature: header(request, 'webhook-signature'),
    content,
    secrets: [secretKey(secret)],
    nowMs: Date.now(),
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

function readBody(request: IncomingMessage, response: ServerResponse, then: (body: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  request.on('end', () => {
    if (size > MAX_BODY_BYTES) return answer(response, 413, 'too large');
    then(Buffer.concat(chunks).toString('utf8'));
  });
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function isLoopback(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? '';
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

function answer(response: ServerResponse, status: number, text = ''): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}

function answerJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function answerPage(response: ServerResponse, html: string): void {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'";
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy })
    .end(html);
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
