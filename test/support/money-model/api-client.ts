// Plays steps over HTTP as one operator of a running API, and reads back what came of them.
import { nameOf, resolve, type ApiStep } from './steps.ts';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Sent {
  readonly id: string;
  readonly name: string;
}

/** Calls the API, as the administrator where no key is given. */
export type Call = (
  request: string,
  options: { key?: string; body?: unknown; headers?: Record<string, string> },
) => Promise<Answer>;

/** Calls an API at an address. */
export const callsTo =
  (base: string, adminToken: string): Call =>
  async (request, { key = adminToken, body, headers }) => {
    const [method = '', path = ''] = request.split(' ');
    const response = await fetch(new URL(path, base), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  };

/** Signs of an operation that the API does not have. */
const MISSING = new Set([404, 405]);
/** Also while parts are killed on a busy machine. */
const SETTLED_WITHIN_MS = 300_000;
const POLL_MS = { first: 100, longest: 1000 };
const PAGE = 200;

export class ApiClient {
  /** Steps that the API answered otherwise than the history expects. */
  readonly complaints: string[] = [];
  readonly ids = new Map<string, string>();
  /** Of the history's operator, once it was made. */
  key = '';
  readonly now: number;
  private readonly send: Call;
  private events: Sent[] = [];

  constructor(send: Call, now: number) {
    [this.send, this.now] = [send, now];
  }

  private call(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    return this.send(`${method} ${path}`, { key: this.key, body, ...(headers ? { headers } : {}) });
  }

  /**
   * Makes an operator of its own for the history, by the step that stands first or with USD and
   * UTC.
   */
  async begin(steps: readonly ApiStep[]): Promise<void> {
    const first = steps.find(({ path }) => path === '/v1/operators');
    const body = { name: 'model', currency: 'USD', ...first?.body };
    const { status, body: answer } = await this.send('POST /v1/operators', { body });
    if (status !== 201) throw new Error(`no operator: ${status} ${JSON.stringify(answer)}`);
    this.key = answer['api_key'] as string;
  }

  private idOf = (name: string): string => {
    const id = this.ids.get(name);
    if (id === undefined) throw new Error(`no step made ${name}`);
    return id;
  };

  /**
   * Whether the step was answered as it should be; decisions wait for their event to be settled.
   * With `isInTurn` every event is settled before the next step, so that what binds first is what
   * came first.
   */
  async play(step: ApiStep, index: number, isInTurn: boolean): Promise<boolean> {
    if (step.path === '/v1/operators') return true;
    const path = step.path.replace(/\$(\w+(?:-\w+)*)/, (_, name: string) => this.idOf(name));
    const isDecision = /^\/v1\/(events|orphans)\/./.test(step.path);
    if (isDecision) await this.settled(path.split('/')[3]!);
    const isWaiting = isInTurn && path === '/v1/events';
    const { status, body } = await this.call(
      step.method,
      path,
      resolve(step.body, this.now, this.idOf),
      isWaiting ? { prefer: 'wait=10' } : undefined,
    );
    if (step.refused) return this.complainUnlessRefused(step, status, body);
    if (status >= 300) {
      if (step.path !== '/v1/payouts') this.complain(step, status, body);
      return step.path === '/v1/payouts';
    }
    const id = (body['id'] ?? body['click_id']) as string | undefined;
    const name = nameOf(step, index);
    if (id !== undefined && !isDecision && step.method === 'POST') this.ids.set(name, id);
    if (step.path === '/v1/events') {
      this.events.push({ id: id!, name });
      if (isInTurn) await this.settled(id!);
    }
    return true;
  }

  private complain({ method, path }: ApiStep, status: number, body: unknown): void {
    const missing = MISSING.has(status) ? ' (not there yet?)' : '';
    this.complaints.push(`${method} ${path}: ${status}${missing} ${JSON.stringify(body).slice(0, 300)}`);
  }

  private complainUnlessRefused(step: ApiStep, status: number, body: Record<string, unknown>): boolean {
    const issue = step.refused?.issue;
    const isRefused = status === 400 && (issue === undefined || JSON.stringify(body).includes(`"${issue}"`));
    if (!isRefused) this.complain(step, status, body);
    return isRefused;
  }

  private async settled(id: string, deadline = Date.now() + SETTLED_WITHIN_MS): Promise<Answer> {
    for (let waitMs = POLL_MS.first; ; waitMs = Math.min(2 * waitMs, POLL_MS.longest)) {
      const answer = await this.call('GET', `/v1/events/${id}`);
      if (answer.body['status'] !== 'accepted' || Date.now() > deadline) return answer;
      await new Promise((done) => setTimeout(done, waitMs));
    }
  }

  /** Status and reason of every event, by name. */
  async outcomes(): Promise<Map<string, string>> {
    const listed = await this.listed();
    const outcomes = new Map<string, string>();
    for (const { id, name } of this.events) {
      const seen = listed.get(id);
      const isKnown = seen !== undefined && seen['status'] !== 'accepted';
      const { status, reason } = isKnown ? seen : (await this.settled(id)).body;
      outcomes.set(name, [status, reason].filter(Boolean).join(' '));
    }
    return outcomes;
  }

  /** All events as the list has them, by id. */
  private async listed(): Promise<Map<string, Record<string, unknown>>> {
    const events = new Map<string, Record<string, unknown>>();
    for (let cursor = ''; ;) {
      const { body } = await this.call('GET', `/v1/events?limit=${PAGE}${cursor}`);
      const page = (body['data'] ?? []) as Record<string, unknown>[];
      for (const event of page) events.set(event['id'] as string, event);
      if (typeof body['next_cursor'] !== 'string') return events;
      cursor = `&cursor=${encodeURIComponent(body['next_cursor'])}`;
    }
  }

  /**
   * What an affiliate has been given in all, by currency: what it has and had, less what it owes.
   */
  async sums(affiliate: string): Promise<Map<string, readonly string[]>> {
    const { body } = await this.call('GET', `/v1/affiliates/${this.idOf(affiliate)}/balance`);
    const balances = (body['balances'] ?? []) as Record<string, string>[];
    return new Map(
      balances.map((each) => [
        each['currency']!,
        [...['pending', 'payable', 'in_payout', 'paid'].map((name) => each[name]!), `-${each['debt']}`],
      ]),
    );
  }

  /** Amounts of single commissions of an event, from its trace, with the id of whose they are. */
  async commissionsOf(event: string): Promise<{ affiliate: string; component: string; amount: string }[]> {
    const id = this.ids.get(event);
    if (id === undefined) return [];
    const { body } = await this.call('GET', `/v1/events/${id}`);
    return ((body['commissions'] ?? []) as Record<string, string>[]).map((each) => ({
      affiliate: each['affiliate_id']!,
      component: each['component']!,
      amount: each['amount']!,
    }));
  }
}
