// Calls of the demo to the public API, with a time limit each.

const ANSWER_WITHIN_MS = 30_000;

export interface Caller {
  post<T>(path: string, body: unknown, headers?: Record<string, string>): Promise<T>;
  get<T>(path: string): Promise<T>;
  /** Whether a GET is answered with 2xx. */
  succeeds(path: string): Promise<boolean>;
}

/** Calls the API with a token. A refused request throws. */
export function callerOf(apiUrl: string, token: string): Caller {
  const authorization = `Bearer ${token}`;
  return {
    async post<T>(path: string, body: unknown, headers: Record<string, string> = {}) {
      const response = await fetch(apiUrl + path, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`POST ${path} was answered ${response.status}: ${text}`);
      return JSON.parse(text) as T;
    },
    async get<T>(path: string) {
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
      const response = await fetch(apiUrl + path, { headers: { authorization }, signal });
      if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}`);
      return (await response.json()) as T;
    },
    async succeeds(path) {
      return (
        await fetch(apiUrl + path, {
          headers: { authorization },
          signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        })
      ).ok;
    },
  };
}
