// Time series as a chart; its library is loaded when the first chart is shown. Screen readers get
// the same figures as a table.
import { lazy, Suspense } from 'react';
import type { ChartProps } from './series.ts';

const UplotChart = lazy(async () => ({ default: (await import('./uplot-chart.tsx')).UplotChart }));

export function Chart(props: ChartProps) {
  const { title, times, series } = props;
  return (
    <figure aria-label={title}>
      <div aria-hidden="true">
        <Suspense fallback={<div className="chart" />}>
          <UplotChart {...props} />
        </Suspense>
      </div>
      {/* In a box, since a table ignores a height. */}
      <div className="only-read">
        <table>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th>Time</th>
              {series.map(({ label }) => (
                <th key={label}>{label}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.map((time, index) => (
              <tr key={time}>
                <td>{time}</td>
                {series.map(({ label, values }) => (
                  <td key={label}>{values[index] ?? 'none'}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
