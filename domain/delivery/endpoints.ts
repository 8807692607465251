// Endpoint settings with a fixed set of values. Types, schemas and checks are derived from these
// lists; a test compares the lists with the CHECK constraints of the table.

export const ENDPOINT_STATES = ['active', 'paused', 'disabled'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

export const ENDPOINT_METHODS = ['POST', 'GET'] as const;
export type EndpointMethod = (typeof ENDPOINT_METHODS)[number];

export const BODY_FORMATS = ['json', 'form'] as const;
export type BodyFormat = (typeof BODY_FORMATS)[number];

/**
 * `v1`: HMAC-SHA256 with a shared secret; `v1a`: Ed25519 with a key pair; both of Standard
 * Webhooks.
 */
export const SIGNING_KINDS = ['v1', 'v1a', 'none'] as const;
export type SigningKind = (typeof SIGNING_KINDS)[number];
