// The console: sign-in first, then the navigation and the page that the address names.
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, type ComponentType } from 'react';
import { Router } from 'wouter';
import { Empty, Failure, Loading } from '../parts/layout.tsx';
import { queries, whenSignedOut } from '../wire/client.ts';
import { forgetSession, useSession, type Session } from '../wire/session.ts';
import { PAGES, type PageEntry } from './pages.ts';
import { Shell } from './shell.tsx';
import { useShortcuts } from './shortcuts.ts';
import { pagesOf, Sidebar } from './sidebar.tsx';
import { SignIn } from './sign-in.tsx';

const BASE = '/console';

const COMPONENTS = new Map<PageEntry, ComponentType>(
  PAGES.map((page) => [page, lazy(async () => ({ default: (await page.load()).Page }))]),
);

whenSignedOut(forgetSession);

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Router base={BASE}>
        <Entrance />
      </Router>
    </QueryClientProvider>
  );
}

function Entrance() {
  const session = useSession();
  if (session.data === null) return <SignIn />;
  if (session.data?.affiliate) return <AffiliatesOwn />;
  if (session.data !== undefined) return <Frame session={session.data} />;
  return (
    <main className="sign-in">
      {session.isError ? (
        <Failure error={session.error} onRetry={() => void session.refetch()} />
      ) : (
        <Loading of="the session" />
      )}
    </main>
  );
}

function AffiliatesOwn() {
  return (
    <main className="sign-in">
      <Empty title="This session is an affiliate’s own.">
        Its pages are in the <a href="/portal">portal</a>.
      </Empty>
    </main>
  );
}

function Frame({ session }: { session: Session }) {
  useShortcuts();
  const pages = pagesOf(session).map((page) => ({ path: page.path, component: COMPONENTS.get(page)! }));
  return <Shell navigation={<Sidebar session={session} />} pages={pages} />;
}
