// Overview: what came in during 24 hours, what waits for a person, and the money of all affiliates.
import { Link } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Chart } from '../../parts/chart.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Money, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';

type Overview = Answer<'/v1/overview'>;
type Total = Answer<'/v1/balances/totals'>['data'][number];
type Flow = keyof Overview['last_24_hours'];

const LIVE_MS = 5000;
const COUNTED_AT_MOST = 100_000;

export function Page() {
  const overview = api.useQuery('get', '/v1/overview', {}, { refetchInterval: LIVE_MS });
  const totals = api.useQuery('get', '/v1/balances/totals', {}, { refetchInterval: LIVE_MS });
  return (
    <PageFrame title="Overview" about="As it is now; read again every five seconds.">
      <Loaded query={overview} of="the overview">
        {(data) => (
          <>
            <Waiting waiting={data.waiting} />
            <Flows overview={data} />
          </>
        )}
      </Loaded>
      <Panel title="Money of all affiliates" bare>
        <Loaded query={totals} of="the balances">
          {({ data: rows }) => (
            <Table
              caption="Money of all affiliates"
              columns={MONEY}
              rows={rows}
              keyOf={({ currency }) => currency}
              empty={
                <Empty title="No commission was booked yet.">
                  It is when an event of an affiliate with a deal is settled.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
    </PageFrame>
  );
}

function Waiting({ waiting }: { waiting: Overview['waiting'] }) {
  const { orphaned, set_aside: setAside, stuck, oldest_stuck_at: oldest } = waiting;
  return (
    <Panel title="Waits for a person" bare>
      <div className="tiles">
        <Link href="/stuck" className="tile" data-tone={stuck > 0 ? 'bad' : undefined}>
          <span className="tile-label">Stuck postbacks</span>
          <span className="tile-value">{atMost(stuck)}</span>
          <span className="tile-note">
            {stuck > 0 ? (
              <>
                oldest <Time at={oldest} />
              </>
            ) : (
              'all arrived'
            )}
          </span>
        </Link>
        <Link href="/orphans" className="tile" data-tone={orphaned > 0 ? 'warn' : undefined}>
          <span className="tile-label">Orphaned events</span>
          <span className="tile-value">{atMost(orphaned)}</span>
          <span className="tile-note">
            {orphaned > 0 ? 'no affiliate, or no conversion' : 'all attributed'}
          </span>
        </Link>
        <Link href="/set-aside" className="tile" data-tone={setAside > 0 ? 'bad' : undefined}>
          <span className="tile-label">Events set aside</span>
          <span className="tile-value">{atMost(setAside)}</span>
          <span className="tile-note">{setAside > 0 ? 'something is missing' : 'nothing is missing'}</span>
        </Link>
      </div>
    </Panel>
  );
}

/** A count that stopped at its maximum says so. */
function atMost(count: number): string {
  return count >= COUNTED_AT_MOST ? `${formatCount(count)}+` : formatCount(count);
}

const FLOWS: readonly { of: Flow; label: string; part?: Flow; href: string }[] = [
  { of: 'events', label: 'Events', href: '/events' },
  { of: 'settled', label: 'Settled', part: 'events', href: '/events?status=settled' },
  { of: 'postbacks', label: 'Postbacks', href: '/deliveries' },
  { of: 'delivered', label: 'Delivered', part: 'postbacks', href: '/deliveries?state=delivered' },
];

function Flows({ overview: { last_24_hours: day, hours } }: { overview: Overview }) {
  return (
    <>
      <Panel title="Last 24 hours" bare>
        <div className="tiles">
          {FLOWS.map(({ of, label, part, href }) => (
            <Link key={of} href={href} className="tile">
              <span className="tile-label">{label}</span>
              <span className="tile-value">{formatCount(day[of])}</span>
              <span className="tile-note">
                {part
                  ? noteOf(day[of], day[part], part)
                  : `${formatCount(hours.at(-1)?.[of] ?? 0)} this hour`}
              </span>
            </Link>
          ))}
        </div>
      </Panel>
      <div className="columns">
        <ByHour title="Events by hour" hours={hours} all="events" done="settled" />
        <ByHour title="Postbacks by hour" hours={hours} all="postbacks" done="delivered" />
      </div>
    </>
  );
}

type ByHourProps = { title: string; hours: Overview['hours']; all: Flow; done: Flow };

/** What came in by hour and, before it, how much of that is done by now. */
function ByHour({ title, hours, all, done }: ByHourProps) {
  const series = [
    { label: 'All', color: 'accent', kind: 'bars', values: hours.map((hour) => hour[all]) },
    { label: `Of these ${done}`, color: 'ok', kind: 'bars', values: hours.map((hour) => hour[done]) },
  ] as const;
  return (
    <Panel title={title} about={`by the hour of arrival, and how many of them are ${done} by now`}>
      {hours.every((hour) => hour[all] === 0) ? (
        <Empty title={`No ${all} in 24 hours.`} />
      ) : (
        <Chart title={title} times={hours.map(({ at }) => at)} series={series} />
      )}
    </Panel>
  );
}

function noteOf(count: number, all: number, of: Flow): string {
  return count === all ? `all of the ${of}` : `${formatCount(all - count)} not yet`;
}

const AMOUNTS = [
  ['pending', 'Pending'],
  ['payable', 'Payable'],
  ['in_payout', 'In payout'],
  ['paid', 'Paid'],
  ['debt', 'Debt'],
] as const;

const MONEY: readonly Column<Total>[] = [
  { title: 'Currency', cell: ({ currency }) => currency },
  { title: 'Affiliates', end: true, cell: ({ affiliates }) => formatCount(affiliates) },
  ...AMOUNTS.map(([name, title]): Column<Total> => ({
    title,
    end: true,
    cell: (total) => <Money amount={total[name]} currency={total.currency} />,
  })),
];
