// The token of a link to the portal, which stands in the fragment of the address.

/** Takes the token out of the address, so that neither history nor a copied address has it. */
export function takeToken(): string | null {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1] ?? null;
  if (token !== null) history.replaceState(null, '', location.pathname + location.search);
  return token;
}
