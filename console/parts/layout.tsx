// The layout of pages: heading, panels, and what stands in place of data that is not there.
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { ApiError } from '../wire/errors.ts';
import { Button } from './button.tsx';

type PageProps = {
  title: string;
  about?: ReactNode;
  crumb?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
};

export function PageFrame({ title, about, crumb, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Postrider`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          {crumb && <div className="crumb">{crumb}</div>}
          <h1>{title}</h1>
          {about && <p>{about}</p>}
        </div>
        {actions && <div className="row page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

type PanelProps = {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  bare?: boolean;
  children: ReactNode;
};

/** `bare`: its content has edges of its own, as tables have. */
export function Panel({ title, about, actions, bare = false, children }: PanelProps) {
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        <div>
          <h2>{title}</h2>
          {about && <p>{about}</p>}
        </div>
        {actions && <div className="row">{actions}</div>}
      </div>
      {bare ? children : <div className="panel-body">{children}</div>}
    </section>
  );
}

export function Loading({ of = 'data' }: { of?: string }) {
  return (
    <div className="loading" role="status">
      <span className="only-read">Loading {of}</span>
      <i />
      <i />
      <i />
    </div>
  );
}

/** Nothing there: says so, and what to do. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** What went wrong, field by field, and the id that the log knows it by. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div className="notice" data-tone="bad" role="alert">
      <strong>{headline(known)}</strong>
      {known?.issues.length ? (
        <ul>
          {known.issues.map(({ path, message }) => (
            <li key={`${path}:${message}`}>
              {path && <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      ) : (
        <p>{error instanceof Error ? error.message : String(error)}</p>
      )}
      {known?.requestId && <p className="muted small">request {known.requestId}</p>}
      {onRetry && (
        <p>
          <Button onClick={onRetry}>Try again</Button>
        </p>
      )}
    </div>
  );
}

function headline(error: ApiError | null): string {
  switch (error?.status) {
    case 0:
      return 'The API cannot be reached.';
    case 403:
      return 'This key may not do that. Sign in with one that has the scope.';
    case 404:
      return 'There is no such thing, or it is another operator’s.';
    case 429:
      return 'Too many requests. Wait a moment.';
    case 503:
      return 'The API is up, but its database is not.';
    default:
      return 'That did not work.';
  }
}

/** Shows what a query read; before that, that it is loading, or why it cannot. */
export function Loaded<Data>({
  query,
  of,
  children,
}: {
  query: UseQueryResult<Data, unknown>;
  of?: string;
  children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading {...(of && { of })} />;
}
