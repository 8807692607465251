// Where the page of a thing is, in the console unless other places are given. An id of a kind
// without a page is no link.
import { CONSOLE_PAGES, pageIn, pageOf } from '../../domain/console-pages.ts';

export { isId, pageOfMonth } from '../../domain/console-pages.ts';

export const PLACES = CONSOLE_PAGES;
export const placeOf = pageOf;

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
