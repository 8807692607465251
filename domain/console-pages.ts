// Pages of the console: where the page of a thing is, by the prefix of its id, and of a workflow.

/** A page about one kind of thing adds its line. */
export const CONSOLE_PAGES: Readonly<Record<string, string>> = {
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
  trf: '/transfers',
};

/** Lists that workflows about no single thing work through, by the first part of their ids. */
const LISTS: Readonly<Record<string, string>> = {
  'set-aside': '/set-aside',
  'rematch-orphans': '/orphans',
  stuck: '/stuck',
};

const ID = /^([a-z]+)_[0-9a-z]{26}$/;

export const isId = (text: string): boolean => ID.test(text);

/** The page of a thing; null where things of its kind have none among `pages`. */
export function pageOf(id: string, pages = CONSOLE_PAGES): string | null {
  const [, prefix = ''] = ID.exec(id) ?? [];
  const page = pages[prefix];
  return page === undefined ? null : `${page}/${id}`;
}

/** The page of a month of the books, such as `2026-11`. */
export const pageOfMonth = (month: string): string => `/months/${month}`;

/** The page of the first thing that a text names: an id, the id of a workflow, or its address. */
export function pageIn(text: string): string | null {
  const ids = text.match(/[a-z]+_[0-9a-z]{26}(?![0-9a-z])/g) ?? [];
  const page = ids.map((id) => pageOf(id)).find((found) => found !== null);
  if (page) return page;
  const [, month] = /(?:^|\/)period\/[a-z]+_[0-9a-z]{26}\/(\d{4}-\d\d)/.exec(text) ?? [];
  if (month !== undefined) return pageOfMonth(month);
  const [, list = ''] = /(?:^|\/)([a-z-]+)\/[a-z]+_[0-9a-z]{26}/.exec(text) ?? [];
  return LISTS[list] ?? null;
}
