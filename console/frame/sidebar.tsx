// The navigation at the side; on a small screen behind a button.
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Button } from '../parts/button.tsx';
import { useSignOut, type Session } from '../wire/session.ts';
import { Find } from './find.tsx';
import { Mark } from './mark.tsx';
import { GROUPS, PAGES, type PageEntry } from './pages.ts';
import { chooseTheme, THEMES, useTheme } from './theme.ts';

export function Sidebar({ session }: { session: Session }) {
  const [isOpen, setOpen] = useState(false);
  const who = session.operator?.name ?? 'Administrator';
  return (
    <header className="frame-head">
      <div className="topbar">
        <Link href="/" className="brand">
          <Mark size={24} /> {who}
        </Link>
        <Button
          kind="quiet"
          aria-expanded={isOpen}
          aria-controls="navigation"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </Button>
      </div>
      <div id="navigation" className={isOpen ? 'sidebar is-open' : 'sidebar'}>
        <div className="row row-between">
          <Link href="/" className="brand" onClick={() => setOpen(false)}>
            <Mark size={26} />
            <span>
              Postrider
              <small>{who}</small>
            </span>
          </Link>
          {isOpen && (
            <Button kind="quiet" onClick={() => setOpen(false)}>
              Close
            </Button>
          )}
        </div>
        <Find onFound={() => setOpen(false)} />
        <nav aria-label="Pages" className="stack">
          {GROUPS.map((group) => (
            <Group key={group} name={group} session={session} onChosen={() => setOpen(false)} />
          ))}
        </nav>
        <Foot />
      </div>
    </header>
  );
}

function Group({ name, session, onChosen }: { name: string; session: Session; onChosen: () => void }) {
  const [location] = useLocation();
  const entries = pagesOf(session).filter(({ menu }) => menu?.group === name);
  if (entries.length === 0) return null;
  return (
    <div className="nav-group">
      <h2>{name}</h2>
      <ul>
        {entries.map(({ path, menu, key }) => (
          <li key={path}>
            <Link
              href={path}
              onClick={onChosen}
              aria-current={isWithin(location, path) ? 'page' : undefined}
              title={key && `Keys: g ${key}`}
            >
              {menu?.label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The pages that a session may open: an administrator has no operator. */
export function pagesOf({ operator }: Session): PageEntry[] {
  return PAGES.filter(({ forAdministrator = false }) => forAdministrator === (operator === null));
}

function isWithin(location: string, path: string): boolean {
  return path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`);
}

function Foot() {
  const theme = useTheme();
  const signOut = useSignOut();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  return (
    <div className="sidebar-foot">
      <a className="button" data-kind="quiet" href="/docs" target="_blank" rel="noreferrer">
        API reference <span aria-hidden="true">↗</span>
      </a>
      <Button kind="quiet" onClick={() => chooseTheme(next)} title={`Change to ${next}`}>
        Theme: {theme}
      </Button>
      <Button kind="quiet" disabled={signOut.isPending} onClick={() => signOut.mutate()}>
        Sign out
      </Button>
    </div>
  );
}
