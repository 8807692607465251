// Versions of what postbacks say. An endpoint is pinned to one, so that a change of fields reaches
// only receivers that asked for it.
import type { MessageData } from './messages.ts';

/**
 * The data of a message as each version says it, made from the data as the newest one does; oldest
 * first. The envelope around the data is that of Standard Webhooks and has no versions.
 */
const VERSIONS = {
  '2026-12-01': (data) => data,
} as const satisfies Readonly<Record<string, (data: MessageData) => MessageData>>;

export type ApiVersion = keyof typeof VERSIONS;

export const API_VERSIONS = Object.keys(VERSIONS) as ApiVersion[];

/** The version of endpoints that name none when they are made. */
export const NEWEST_API_VERSION = API_VERSIONS.at(-1)!;

/**
 * The data of a message in a version. A version that this release does not know, after a way back
 * to an older release, is answered by the newest that it knows; the body says which.
 */
export function inVersion(version: string, data: MessageData): { version: ApiVersion; data: MessageData } {
  const known = Object.hasOwn(VERSIONS, version) ? (version as ApiVersion) : NEWEST_API_VERSION;
  return { version: known, data: VERSIONS[known](data) };
}
