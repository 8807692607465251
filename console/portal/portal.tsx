// The affiliates' portal: opens the link that the operator made, and then shows what is the
// affiliate's own.
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, useEffect, useState, type ComponentType } from 'react';
import { Router } from 'wouter';
import { Shell } from '../frame/shell.tsx';
import { Navigation } from '../frame/navigation.tsx';
import { Failure, Loading } from '../parts/layout.tsx';
import { Places } from '../parts/values.tsx';
import { queries, whenSignedOut } from '../wire/client.ts';
import { forgetSession, openLink, useSession, type Session } from '../wire/session.ts';
import { Entrance } from './entrance.tsx';
import { operatorIn, ROOT } from './link.ts';
import { NAVIGATION, PAGES, PLACES, type PortalPage } from './pages.ts';

const COMPONENTS = new Map<PortalPage, ComponentType>(
  PAGES.map((page) => [page, lazy(async () => ({ default: (await page.load()).Page }))]),
);

whenSignedOut(forgetSession);

/** `token`: of the link that the page was opened with; null: by a session that began earlier. */
export function Portal({ token }: { token: string | null }) {
  return (
    <QueryClientProvider client={queries}>
      {token === null ? <Opened /> : <Opening token={token} />}
    </QueryClientProvider>
  );
}

/** One exchange for each token, however often React runs an effect. */
const exchanges = new Map<string, Promise<void>>();

function Opening({ token }: { token: string }) {
  const [state, setState] = useState<{ isOver: boolean; error: unknown }>({ isOver: false, error: null });
  useEffect(() => {
    const exchange = exchanges.get(token) ?? openLink(token);
    exchanges.set(token, exchange);
    exchange.then(
      () => setState({ isOver: true, error: null }),
      (error: unknown) => setState({ isOver: true, error }),
    );
  }, [token]);
  if (!state.isOver) return <Waiting />;
  return <Opened {...(state.error !== null && { error: state.error })} />;
}

function Opened({ error }: { error?: unknown }) {
  const session = useSession();
  const { data } = session;
  // A person can sign in with a key of their own after the link failed.
  if (data?.operator && data.affiliate) return <Own session={data} />;
  if (error !== undefined) return <Entrance error={error} />;
  if (data !== undefined) return <Entrance />;
  if (session.isError)
    return (
      <main className="sign-in">
        <Failure error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  return <Waiting />;
}

function Waiting() {
  return (
    <main className="sign-in">
      <Loading of="the portal" />
    </main>
  );
}

function Own({ session: { operator, affiliate } }: { session: Session }) {
  const named = operatorIn(location.pathname);
  // The path decides which sites may frame the page: it must name whose session it shows.
  if (named !== null && named !== operator!.id) return <Entrance isAnothers />;
  if (named === null) history.replaceState(null, '', `${ROOT}/${operator!.id}`);
  return (
    <Router base={`${ROOT}/${operator!.id}`}>
      <Places value={PLACES}>
        <Shell
          navigation={<Navigation brand={operator!.name} who={affiliate!.name} groups={NAVIGATION} />}
          pages={PAGES.map((page) => ({ path: page.path, component: COMPONENTS.get(page)! }))}
        />
      </Places>
    </Router>
  );
}
