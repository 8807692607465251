// The client of the API: typed by its OpenAPI document, signed in by a cookie or a token.
import createFetch, { type Middleware } from 'openapi-fetch';
import createQueries from 'openapi-react-query';
import { QueryClient } from '@tanstack/react-query';
import type { paths } from '../generated/api.ts';
import { ApiError, errorFrom } from './errors.ts';

/**
 * Headers of every request: one that names the page, which other sites cannot set, so that a forged
 * request is refused although it brings the cookie.
 */
let own: Readonly<Record<string, string>> = { 'x-postrider-console': '1' };

/** Has requests come from the portal; `framed`: in a frame of another site. */
export function sendFromPortal(how: '1' | 'framed'): void {
  own = { 'x-postrider-portal': how };
}

/** Has requests bring a token, where the browser keeps no cookie. */
export function sendWithToken(token: string): void {
  own = { ...own, authorization: `Bearer ${token}` };
}

let onSignedOut = (): void => {};

/** Called when an answer says that the session is over. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

const session: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(own)) request.headers.set(name, value);
  },
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.status === 401) onSignedOut();
    throw await errorFrom(response);
  },
  onError: unreachable,
};

export const client = createFetch<paths, 'application/json'>({
  credentials: 'same-origin',
});
client.use(session);

/** For answers that are files. Throws an `ApiError` where the API refuses. */
export async function fetchAsOwn(path: string, accept: string): Promise<Response> {
  const response = await fetch(path, {
    headers: { ...own, accept },
    credentials: 'same-origin',
  }).catch(() => {
    throw unreachable();
  });
  if (response.ok) return response;
  if (response.status === 401) onSignedOut();
  throw await errorFrom(response);
}

function unreachable(): ApiError {
  return new ApiError(0, 'unreachable', 'the API does not answer; it is asked again by itself', [], null);
}

/** `api.useQuery('get', '/v1/stuck', …)`, `api.useMutation('post', …)`. */
export const api = createQueries(client);

/** Repeats what may pass by itself: no answer, and 5xx. */
function isWorthRepeating(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: isWorthRepeating, staleTime: 2000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});

/**
 * After a change: reads anew what is on the screen, and everything else when it is shown again.
 * `first`: a path to read before the others, which says what is there to be read.
 */
export async function refresh(first?: keyof paths): Promise<void> {
  if (first !== undefined) {
    await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === first });
    // Until the page has taken away what is not there any more, which would be read otherwise.
    await new Promise((resolve) => setTimeout(resolve));
  }
  await queries.invalidateQueries();
}
