// The console: sign-in first, then the navigation and the page that the address names.
import { QueryClientProvider } from '@tanstack/react-query';
import { Component, lazy, Suspense, useEffect, useRef, type ComponentType, type ReactNode } from 'react';
import { Link, Redirect, Route, Router, Switch, useLocation } from 'wouter';
import { Empty, Failure, Loading, PageFrame } from '../parts/layout.tsx';
import { Toasts } from '../parts/toasts.tsx';
import { queries, whenSignedOut } from '../wire/client.ts';
import { forgetSession, useSession, type Session } from '../wire/session.ts';
import { PAGES, type PageEntry } from './pages.ts';
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
  const main = useFocusOnNavigation();
  const pages = pagesOf(session);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <div className="frame">
        <Sidebar session={session} />
        <main id="main" tabIndex={-1} ref={main}>
          <Guarded>
            <Suspense fallback={<Loading of="the page" />}>
              <Switch>
                {pages.map((page) => (
                  <Route key={page.path} path={page.path} component={COMPONENTS.get(page)!} />
                ))}
                <Route path="/">
                  <Redirect to={pages[0]?.path ?? '/none'} replace />
                </Route>
                <Route>
                  <Nowhere />
                </Route>
              </Switch>
            </Suspense>
          </Guarded>
        </main>
      </div>
      <Toasts />
    </>
  );
}

/** Moves the focus to a page that was opened, as a browser does that loads one. */
function useFocusOnNavigation() {
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(location);
  useEffect(() => {
    if (before.current === location) return;
    before.current = location;
    main.current?.focus();
    window.scrollTo(0, 0);
  }, [location]);
  return main;
}

function Nowhere() {
  return (
    <PageFrame title="No such page">
      <Empty title="Nothing is at this address.">
        <Link href="/">Go to the start</Link>
      </Empty>
    </PageFrame>
  );
}

/** Shows a defect of a page in its place, and keeps the navigation. */
class Guarded extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="page">
        <Failure error={this.state.error} onRetry={() => this.setState({ error: null })} />
      </div>
    );
  }
}
