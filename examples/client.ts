// API client of the example. As every operator should, it repeats requests without a clear answer,
// with growing waits and a deadline.

export interface Client {
  /**
   * Sends a request until it gets a final answer; returns its JSON. Throws on a refusal (4xx), and
   * after `giveUpAt`.
   */
  request<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T>;
  /** Number of repeated requests so far. */
  repeats(): number;
}

const ANSWER_WITHIN_MS = 15_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/**
 * Creates a client of the API at `apiUrl` with a bearer token. `giveUpAt` is in milliseconds since
 * 1970.
 */
export function createClient(apiUrl: string, token: string, giveUpAt: number): Client {
  let repeats = 0;

  async function request<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const outcome = await attempt<T>(apiUrl + path, { method, token, body });
      if (outcome.kind === 'answer') return outcome.value;
      if (outcome.kind === 'refused' || Date.now() > giveUpAt)
        throw new Error(`${method} ${path}: ${outcome.reason}`);
      repeats += 1;
      await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, outcome.waitMs)));
    }
  }

  return { request, repeats: () => repeats };
}

type Outcome<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'refused'; reason: string }
  | { kind: 'no_answer'; reason: string; waitMs: number };

async function attempt<T>(
  url: string,
  call: { method: string; token: string; body: unknown },
): Promise<Outcome<T>> {
  try {
    const response = await fetch(url, {
      method: call.method,
      headers: { authorization: `Bearer ${call.token}`, 'content-type': 'application/json' },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const text = await response.text();
    if (response.ok) return { kind: 'answer', value: JSON.parse(text) as T };
    const reason = `${response.status} ${text.slice(0, 500)}`;
    if (response.status !== 429 && response.status < 500) return { kind: 'refused', reason };
    return { kind: 'no_answer', reason, waitMs: retryAfterMs(response) };
  } catch (error) {
    // Refused and broken connections, timeouts, truncated answers: the request may or may not have
    // arrived.
    const { message, cause } = error as Error;
    return {
      kind: 'no_answer',
      reason: cause instanceof Error ? `${message}: ${cause.message}` : message,
      waitMs: 0,
    };
  }
}

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after'));
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : 0;
}
