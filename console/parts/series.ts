// Time series as charts take them.

export type Series = {
  label: string;
  color: 'ok' | 'bad' | 'accent';
  kind: 'bars' | 'line';
  /** Unit of the right axis; without it the series is of counts, at the left. */
  unit?: string;
  /** Null where there is no value. */
  values: readonly (number | null)[];
};

export type ChartProps = { title: string; times: readonly string[]; series: readonly Series[] };
