// The session of a person who signed in: who it is, and what the key may do.
import { useMutation, useQuery } from '@tanstack/react-query';
import { client, queries, sendWithToken } from './client.ts';
import type { Answer } from './types.ts';

export type Session = Answer<'/session'>;

const KEY = ['session'];

async function read(): Promise<Session | null> {
  const { data } = await client.GET('/session');
  return data!.operator === null && !data!.administrator ? null : data!;
}

/** The session; null where nobody is signed in. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: read, staleTime: 60_000, refetchInterval: 300_000 });
}

export function useSignIn() {
  return useMutation({
    mutationFn: async (apiKey: string) => {
      const { data } = await client.POST('/session', { body: { api_key: apiKey } });
      return data!;
    },
    onSuccess: (session) => queries.setQueryData<Session>(KEY, session),
  });
}

/**
 * Begins a session with the token of a link to the portal. Where the browser keeps no cookie in a
 * frame, requests bring the token. Throws an `ApiError` for a link that has ended.
 */
export async function openLink(token: string): Promise<void> {
  try {
    await client.POST('/session', { body: { portal_token: token } });
  } catch (error) {
    // A session that began earlier goes on.
    queries.setQueryData(KEY, await read());
    throw error;
  }
  let session = await read();
  if (session === null) {
    sendWithToken(token);
    session = await read();
  }
  queries.setQueryData(KEY, session);
}

/** Forgets everything that was read, so that the next person sees nothing of it. */
export function forgetSession(): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  queries.setQueryData(KEY, null);
}

export function useSignOut() {
  return useMutation({ mutationFn: () => client.DELETE('/session'), onSettled: forgetSession });
}

/** Whether the signed-in key has one of these scopes, such as `manage`. */
export function useMay(...oneOf: Session['scopes'][number][]): boolean {
  const { data } = useSession();
  return oneOf.some((scope) => data?.scopes.includes(scope));
}
