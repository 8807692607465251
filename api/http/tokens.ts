// Tokens of callers: API keys, sessions of the console, and links to the portal. 256 random bits
// each, so that no slow hash is needed.
import { createHmac, hash as digest, randomBytes } from 'node:crypto';

/** The beginning of a token names its kind. */
const PREFIX = { key: 'pk_', session: 'ps_', administrator: 'pa_', portal: 'pt_' } as const;

export type NewToken = { text: string; hash: Buffer };

/** A new API key: its text, shown once, and the hash and hint to store. */
export function newApiKey(): NewToken & { hint: string } {
  const token = newToken('key');
  return { ...token, hint: `${PREFIX.key}…${token.text.slice(-4)}` };
}

export function newToken(kind: 'key' | 'session' | 'portal'): NewToken {
  const text = PREFIX[kind] + randomText();
  return { text, hash: sha256(text) };
}

/** A token of an administrator's session. Another administrator token ends it, as no hash fits. */
export function newAdministratorToken(adminToken: string): NewToken {
  const text = PREFIX.administrator + randomText();
  return { text, hash: administratorHash(text, adminToken) };
}

export function administratorHash(text: string, adminToken: string): Buffer {
  return createHmac('sha256', adminToken).update(text).digest();
}

export function isAdministrators(text: string): boolean {
  return text.startsWith(PREFIX.administrator);
}

/** Whether the token is one of a link to the portal. */
export function isOfPortalLink(text: string): boolean {
  return text.startsWith(PREFIX.portal);
}

/** Whether the token is one of a session or link, and not an API key. */
export function isOfSession(text: string): boolean {
  return text.startsWith(PREFIX.session) || isOfPortalLink(text);
}

export function sha256(text: string): Buffer {
  return digest('sha256', text, 'buffer');
}

function randomText(): string {
  return randomBytes(32).toString('base64url');
}
