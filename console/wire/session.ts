// The session of a person who signed in: who it is, and what the key may do.
import { useMutation, useQuery } from '@tanstack/react-query';
import { OWN_REQUEST, queries } from './client.ts';
import { errorFrom } from './errors.ts';
import type { Answer } from './types.ts';

export type Session = Answer<'/session'>;

const KEY = ['session'];

async function send(method: 'POST' | 'DELETE', body?: object): Promise<Session | null> {
  const response = await fetch('/session', {
    method,
    headers: { ...OWN_REQUEST, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await errorFrom(response);
  return method === 'DELETE' ? null : await read();
}

async function read(): Promise<Session | null> {
  const response = await fetch('/session', { headers: OWN_REQUEST });
  if (response.status === 401) return null;
  if (!response.ok) throw await errorFrom(response);
  const session = (await response.json()) as Session;
  return session.operator === null && !session.administrator ? null : session;
}

/** The session; null where nobody is signed in. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: read, staleTime: 60_000, refetchInterval: 300_000 });
}

export function useSignIn() {
  return useMutation({
    mutationFn: (apiKey: string) => send('POST', { api_key: apiKey }),
    onSuccess: (session) => queries.setQueryData(KEY, session),
  });
}

/** Forgets everything that was read, so that the next person sees nothing of it. */
export function forgetSession(): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  queries.setQueryData(KEY, null);
}

export function useSignOut() {
  return useMutation({ mutationFn: () => send('DELETE'), onSettled: forgetSession });
}

/** Whether the signed-in key has a scope, such as `manage`. */
export function useMay(scope: Session['scopes'][number]): boolean {
  return useSession().data?.scopes.includes(scope) ?? false;
}
