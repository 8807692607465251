// The navigation of the console: its pages by group, and the search.
import type { Session } from '../wire/session.ts';
import { Find } from './find.tsx';
import { Navigation } from './navigation.tsx';
import { GROUPS, PAGES, type PageEntry } from './pages.ts';

export function Sidebar({ session }: { session: Session }) {
  const pages = pagesOf(session);
  const groups = GROUPS.map((name) => ({
    name,
    entries: pages.flatMap(({ path, menu, key }) =>
      menu?.group === name ? [{ path, label: menu.label, ...(key && { key }) }] : [],
    ),
  }));
  return (
    <Navigation
      brand="Postrider"
      who={session.operator?.name ?? 'Administrator'}
      groups={groups}
      above={(close) => session.operator && <Find onFound={close} />}
    />
  );
}

/** The pages that a session may open: an administrator has no operator. */
export function pagesOf({ operator }: Session): PageEntry[] {
  return PAGES.filter(({ forAdministrator = false }) => forAdministrator === (operator === null));
}
