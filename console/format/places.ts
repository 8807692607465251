// Where the page of a thing is, in the console unless other places are given. An id of a kind
// without a page is no link.
import { CONSOLE_PAGES, pageIn, pageOf } from '../../domain/console-pages.ts';

export { pageOfMonth } from '../../domain/console-pages.ts';

export const PLACES = CONSOLE_PAGES;
export const placeOf = pageOf;

const ID = /^([a-z]+)_[0-9a-z]{26}$/;

export function isId(text: string): boolean {
  return ID.test(text);
}

/** The page of the first thing that a text names, such as `delivery/dlv_…` or an address. */
export function placeIn(text: string): string | null {
  return pageIn(decoded(text));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
