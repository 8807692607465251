// Ids in a short form. The first characters of an id are its time, so its end tells it from others.

const SHOWN = 6;

/** `dlv_01m8n41kac0000pftn8rt0y9ms` as `dlv_…t0y9ms`; other ids as they are, if short. */
export function shortId(id: string): string {
  const [, prefix] = /^([a-z]+_)[0-9a-z]{26}$/.exec(id) ?? [];
  if (prefix !== undefined) return `${prefix}…${id.slice(-SHOWN)}`;
  return id.length > 28 ? `${id.slice(0, 12)}…${id.slice(-SHOWN)}` : id;
}
