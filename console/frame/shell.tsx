// The shell of the console and the portal: the navigation, and the page that the address names.
import { Component, Suspense, useEffect, useRef, type ComponentType, type ReactNode } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { Empty, Failure, Loading, PageFrame } from '../parts/layout.tsx';
import { Toasts } from '../parts/toasts.tsx';

/** A page that the address may name. */
type Place = { path: string; component: ComponentType };

/** `/` leads to the first page where none is there. */
export function Shell({ navigation, pages }: { navigation: ReactNode; pages: readonly Place[] }) {
  const main = useFocusOnNavigation();
  return (
    <>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <div className="frame">
        {navigation}
        <main id="main" tabIndex={-1} ref={main}>
          <Guarded>
            <Suspense fallback={<Loading of="the page" />}>
              <Switch>
                {pages.map(({ path, component }) => (
                  <Route key={path} path={path} component={component} />
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
