// Payout run: its progress, what became of each affiliate, files to pay by, and the bank's list.
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Download } from '../../parts/download.tsx';
import { FilterBar, SelectFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Id, Money, Outside, State, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { download } from '../../wire/download.ts';
import { paged, rowsOfResults } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { BankList } from './bank-list.tsx';
import { NewRun } from './new-run.tsx';
import { RESULTS, wordsOf, type RunItem, type RunResult, type WholeRun } from './run-types.ts';

const LIVE_MS = 1000;

export function Page() {
  const { id } = useParams<{ id: string }>();
  const filters = useFilters(['result']);
  const query = filters.values as { result?: RunResult };
  const run = api.useQuery(
    'get',
    '/v1/payout-runs/{id}',
    { params: { path: { id }, query: { limit: 1 } } },
    { refetchInterval: ({ state: { data } }) => (data?.state === 'running' || !data ? LIVE_MS : false) },
  );
  return (
    <PageFrame
      title={
        run.data ? `${run.data.dry_run ? 'Dry run' : 'Payout run'} in ${run.data.currency}` : 'Payout run'
      }
      crumb={<Link href="/payout-runs">Payout runs</Link>}
      about={
        run.data?.dry_run === false &&
        'Files for the bank hold all that is reserved still: confirm what it paid before you send another one.'
      }
      actions={run.data && <Actions run={run.data} />}
    >
      <Loaded query={run} of="the payout run">
        {(whole) => (
          <>
            <Progress run={whole} />
            <FilterBar filters={filters}>
              <SelectFilter
                filters={filters}
                name="result"
                label="Result"
                options={RESULTS.map((result) => [result, wordsOf(result, whole.dry_run).label] as const)}
              />
            </FilterBar>
            {/* Its rows are read anew with its progress. */}
            <Results key={`${whole.done} ${whole.state}`} id={id} query={query} isDryRun={whole.dry_run} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Actions({ run }: { run: WholeRun }) {
  const [asked, ask] = useState<'pay' | 'confirm' | null>(null);
  const mayManage = useMay('manage');
  const path = `/v1/payout-runs/${run.id}`;
  const close = () => ask(null);
  if (!mayManage) return <span className="muted small">needs the scope manage</span>;
  const stop = async () => {
    await client.DELETE('/v1/payout-runs/{id}', { params: { path: { id: run.id } } });
    await refresh();
  };
  return (
    <>
      {run.workflow_url && <Outside href={run.workflow_url}>In the Temporal UI</Outside>}
      {run.state === 'running' && <Button onClick={() => void stop()}>Stop here</Button>}
      <Download
        label="CSV with accounts"
        run={() => download({ path, accept: 'text/csv', name: `${run.id}.csv` })}
      />
      {!run.dry_run && (
        <>
          <Download
            label="pain.001"
            run={() => download({ path, accept: 'application/xml', name: `${run.id}.xml` })}
          />
          <Download
            label="pain.001, those with IBAN"
            run={() =>
              download({
                path: `${path}?without_iban=omit`,
                accept: 'application/xml',
                name: `${run.id}.xml`,
              })
            }
          />
          <Button kind="primary" onClick={() => ask('confirm')}>
            Bank’s list…
          </Button>
        </>
      )}
      {run.dry_run && run.state === 'done' && run.created > 0 && (
        <Button kind="primary" onClick={() => ask('pay')}>
          Pay these…
        </Button>
      )}
      {asked === 'confirm' && <BankList id={run.id} onClose={close} />}
      {asked === 'pay' && (
        <NewRun
          given={{
            isDryRun: false,
            currency: run.currency,
            minimum: run.minimum,
            isOptional: run.payment_details === 'optional',
          }}
          onClose={close}
        />
      )}
    </>
  );
}

function Progress({ run }: { run: WholeRun }) {
  const { currency, counts, done, total } = run;
  return (
    <Panel
      title="Result"
      about={
        <>
          began <Time at={run.created_at} />, minimum <Money amount={run.minimum} currency={currency} />
        </>
      }
      actions={
        <>
          {run.dry_run && <Badge tone="off">pays nobody</Badge>}
          <State of={run.state} />
        </>
      }
      bare
    >
      {run.state === 'running' && (
        <div className="panel-body" role="status">
          <p>
            {formatCount(done)} of {formatCount(total)} affiliates looked at. It goes on when this page is
            closed.
          </p>
          <progress max={Math.max(1, total)} value={done} aria-label="Progress" />
        </div>
      )}
      {total === 0 ? (
        <Empty title={`Nothing is payable in ${currency}.`}>
          Commissions become payable when their hold ends, or when they are approved.
        </Empty>
      ) : (
        <div className="tiles">
          {counts.map(({ result, affiliates, amount }) => (
            <Link key={result} href={`/payout-runs/${run.id}?result=${result}`} className="tile">
              <span className="tile-label">{wordsOf(result, run.dry_run).label}</span>
              <span className="tile-value">{formatCount(affiliates)}</span>
              <span className="tile-note">
                <Money amount={amount} currency={currency} />
              </span>
            </Link>
          ))}
        </div>
      )}
    </Panel>
  );
}

const columns = (isDryRun: boolean): readonly Column<RunItem>[] => [
  {
    title: 'Affiliate',
    cell: ({ affiliate_id: id, affiliate_name: name, external_id: own }) => (
      <>
        <Link className="break" href={`/affiliates/${id}`}>
          {name}
        </Link>
        {own && <div className="muted small break">{own}</div>}
      </>
    ),
  },
  {
    title: 'Due',
    end: true,
    cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />,
  },
  {
    title: 'Result',
    cell: ({ result }) => {
      const { label, why } = wordsOf(result, isDryRun);
      return (
        <>
          <Badge tone={result === 'created' ? 'good' : 'warn'}>{label}</Badge>
          <div className="muted small">{why}</div>
        </>
      );
    },
  },
  { title: 'Payout', cell: ({ payout_id: id }) => (id === null ? '–' : <Id id={id} />) },
  { title: 'Its state', cell: ({ payout_state: state }) => (state === null ? '–' : <State of={state} />) },
];

type ResultsProps = { id: string; query: { result?: RunResult }; isDryRun: boolean };

function Results({ id, query, isDryRun }: ResultsProps) {
  const filters = useFilters(['result']);
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/payout-runs/{id}',
    { params: { path: { id }, query: { ...query, limit: 100 } } },
    // Read anew whenever the run has come further.
    { ...paged, staleTime: 0, select: (read) => rowsOfResults(read) },
  );
  return (
    <Panel title="Affiliates" bare>
      <List
        caption="Affiliates of the run"
        one="affiliate"
        pages={pages}
        columns={columns(isDryRun)}
        keyOf={({ affiliate_id: affiliate }) => affiliate}
        filters={filters}
        empty={<Empty title="No affiliate was looked at yet." />}
      />
    </Panel>
  );
}
