// The navigation at the side; on a small screen behind a button.
import { useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { Button } from '../parts/button.tsx';
import { useSignOut } from '../wire/session.ts';
import { Mark } from './mark.tsx';
import { chooseTheme, THEMES, useTheme } from './theme.ts';

export type NavigationEntry = { path: string; label: string; key?: string };
export type NavigationGroup = { name: string; entries: readonly NavigationEntry[] };

type NavigationProps = {
  /** What this is, and who looks at it. */
  brand: string;
  who: string;
  groups: readonly NavigationGroup[];
  /** Above the pages, such as a search. Told how to close the navigation. */
  above?: (close: () => void) => ReactNode;
};

export function Navigation({ brand, who, groups, above }: NavigationProps) {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <header className="frame-head">
      <div className="topbar">
        <Link href="/" className="brand">
          <Mark size={24} /> <span title={who}>{who}</span>
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
          <Link href="/" className="brand" onClick={close}>
            <Mark size={26} />
            <span>
              {brand}
              <small>{who}</small>
            </span>
          </Link>
          {isOpen && (
            <Button kind="quiet" onClick={close}>
              Close
            </Button>
          )}
        </div>
        {above?.(close)}
        <nav aria-label="Pages" className="stack">
          {groups.map((group) => (
            <Group key={group.name} group={group} onChosen={close} />
          ))}
        </nav>
        <Foot />
      </div>
    </header>
  );
}

function Group({ group, onChosen }: { group: NavigationGroup; onChosen: () => void }) {
  const [location] = useLocation();
  if (group.entries.length === 0) return null;
  return (
    <div className="nav-group">
      <h2>{group.name}</h2>
      <ul>
        {group.entries.map(({ path, label, key }) => (
          <li key={path}>
            <Link
              href={path}
              onClick={onChosen}
              aria-current={isWithin(location, path) ? 'page' : undefined}
              title={key && `Keys: g ${key}`}
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
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
