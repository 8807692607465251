// Error codes of operations: their own, and those that follow from their inputs and callers.
import type { ErrorCode } from '../http/errors.ts';
import type { Operation } from '../http/operation.ts';

/** The error codes of an operation: its own, and those implied by its inputs and its callers. */
export function refusalsOf(
  route: string,
  { who, own, signable, query, body, refusals = [] }: Operation,
): ErrorCode[] {
  const isKnown = who !== 'anybody';
  const hasPath = pathParametersOf(route).length > 0;
  const codes: (ErrorCode | false)[] = [
    ...(query || body || hasPath || isKnown ? (['invalid_request'] as const) : []),
    ...(isKnown ? (['unauthorized', 'https_required', 'forbidden', 'unavailable'] as const) : []),
    ...(isKnown && who !== 'admin' ? (['rate_limited'] as const) : []),
    ...(who === 'events:write' ? (['ip_not_allowed'] as const) : []),
    ...(signable ? (['bad_signature', 'stale_signature'] as const) : []),
    ...(body ? (['too_large', 'unsupported_media_type'] as const) : []),
    (hasPath || own?.query !== undefined) && 'not_found',
    ...refusals,
    'internal',
  ];
  return [...new Set(codes.filter((code) => code !== false))];
}

export function pathParametersOf(route: string): string[] {
  return Array.from(route.matchAll(/:(\w+)/g), ([, name]) => name!);
}
