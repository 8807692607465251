// The days of a report as charts, and what they add up to.
import { daysOf, type Span } from '../../format/days.ts';
import { formatCount, isZero, sumOf } from '../../format/money.ts';
import { Chart } from '../../parts/chart.tsx';
import { Empty, Panel } from '../../parts/layout.tsx';
import type { Series } from '../../parts/series.ts';
import { Sums } from '../../parts/values.tsx';
import { AMOUNTS, COUNTS, type Amount, type Count, type Row } from './report-types.ts';

type ByDayProps = { span: Span; rows: readonly Row[] };

export function ByDay({ span, rows }: ByDayProps) {
  if (rows.length === 0) return null;
  const days = daysOf(span);
  const byDay = new Map(rows.map((row) => [row.day, row]));
  const ofDays = days.map((day) => byDay.get(day));
  const counts = (name: Count) => ofDays.map((row) => row?.[name] ?? 0);
  const amounts = (name: Amount, currency: string) =>
    ofDays.map((row) => Number(row?.money.find((one) => one.currency === currency)?.[name] ?? 0));
  return (
    <>
      <Totals rows={rows} />
      <div className="columns">
        <Days
          title="Clicks"
          days={days}
          series={[{ label: 'Clicks', color: 'accent', kind: 'bars', values: counts('clicks') }]}
        />
        <Days
          title="Conversions"
          days={days}
          series={[
            { label: 'Conversions', color: 'accent', kind: 'bars', values: counts('conversions') },
            { label: 'First deposits', color: 'ok', kind: 'bars', values: counts('ftds') },
            { label: 'Reversals', color: 'bad', kind: 'line', values: counts('reversals') },
          ]}
        />
        {earnedIn(rows).map((currency) => (
          <Days
            key={currency}
            title={`Commission in ${currency}`}
            days={days}
            series={[
              { label: 'Commission', color: 'ok', kind: 'bars', values: amounts('commission', currency) },
              { label: 'Taken back', color: 'bad', kind: 'line', values: amounts('reversed', currency) },
            ]}
          />
        ))}
      </div>
    </>
  );
}

function Totals({ rows }: { rows: readonly Row[] }) {
  const count = (name: Count) => formatCount(rows.reduce((sum, row) => sum + row[name], 0));
  const sums = (name: Amount) => (
    <Sums
      of={currenciesOf(rows).map((currency) => ({
        currency,
        amount: sumOf(
          rows.flatMap(({ money }) =>
            money.filter((one) => one.currency === currency).map((one) => one[name]),
          ),
        ),
      }))}
    />
  );
  return (
    <Panel title="In sum">
      <dl className="figures">
        {[
          ...COUNTS.map(([name, title]) => [title, count(name)] as const),
          ...AMOUNTS.map(([name, title]) => [title, sums(name)] as const),
        ].map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

type DaysProps = { title: string; days: readonly string[]; series: readonly Series[] };

function Days({ title, days, series }: DaysProps) {
  const isEmpty = series.every(({ values }) => values.every((value) => value === 0));
  return (
    <Panel title={title} about="by the day on which they occurred">
      {isEmpty ? <Empty title="None in these days." /> : <Chart title={title} times={days} series={series} />}
    </Panel>
  );
}

/** Currencies with commission: events have amounts in others too. */
function earnedIn(rows: readonly Row[]): string[] {
  const earned = rows.map(({ money, ...row }) => ({
    ...row,
    money: money.filter(({ commission, reversed }) => !isZero(commission) || !isZero(reversed)),
  }));
  return currenciesOf(earned);
}

function currenciesOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ money }) => money.map(({ currency }) => currency)))].toSorted();
}
