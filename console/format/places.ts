// Where the page of a thing is, by the prefix of its id. An id of a kind without a page is no link.

/** A page about one kind of thing adds its line. */
export const PLACES: Readonly<Record<string, string>> = {
  evt: '/events',
  dlv: '/deliveries',
  ep: '/endpoints',
  aff: '/affiliates',
  slot: '/commissions',
  deal: '/deals',
  pay: '/payouts',
  run: '/payout-runs',
  imp: '/imports',
  stm: '/statements',
};

const ID = /^([a-z]+)_[0-9a-z]{26}$/;

export function isId(text: string): boolean {
  return ID.test(text);
}

export function placeOf(id: string, places = PLACES): string | null {
  const [, prefix = ''] = ID.exec(id) ?? [];
  const place = places[prefix];
  return place === undefined ? null : `${place}/${id}`;
}

/** The page of the first thing that a text names, such as `delivery/dlv_…` or an address. */
export function placeIn(text: string): string | null {
  const ids = decoded(text).match(/[a-z]+_[0-9a-z]{26}(?![0-9a-z])/g) ?? [];
  return ids.map((id) => placeOf(id)).find((place) => place !== null) ?? null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
