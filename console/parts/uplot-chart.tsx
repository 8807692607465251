// A chart drawn by uPlot, in the colours of the theme, as wide as its place.
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { ChartProps, Series } from './series.ts';

const HEIGHT = 200;
const BAR_WIDTH = 0.7;
const BAR_PX = 28;
// The enumeration of the library has no values at run time.
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const RIGHT = 1 as UPlot.Axis.Side;

export function UplotChart({ times, series }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  // New arrays of the same values must not draw it anew.
  const given = JSON.stringify([times, series]);
  useEffect(() => {
    const element = place.current!;
    const [ats, all] = JSON.parse(given) as [string[], Series[]];
    const data = [ats.map((time) => Date.parse(time) / 1000), ...all.map(({ values }) => values)];
    let plot: UPlot | null = null;
    const draw = () => {
      plot?.destroy();
      plot = new UPlot(optionsOf(all, element, ats.every(isDay)), data as UPlot.AlignedData, element);
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener('change', draw);
      plot?.destroy();
    };
  }, [given]);
  return <div ref={place} className="chart" />;
}

const DAY_S = 86_400;
/** Characters of `2026-11-30` and of `2026-11-30 10:00`. */
const [DAY, MINUTE] = [10, 16];

function isDay(time: string): boolean {
  return time.length === DAY;
}

/** Hours of a day, or days where the series is longer than two. */
function timeTexts(_plot: UPlot, ticks: number[]): string[] {
  const isLong = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) > 2 * DAY_S;
  return ticks.map((tick) => {
    const text = new Date(tick * 1000).toISOString();
    return isLong ? text.slice(5, DAY) : text.slice(11, MINUTE);
  });
}

/** A colour of the theme, worked out: a canvas understands no `light-dark()`. */
function colorIn(element: HTMLElement, name: string): string {
  element.style.color = `var(--${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

function optionsOf(series: readonly Series[], element: HTMLElement, areDays: boolean): UPlot.Options {
  const color = (name: string) => colorIn(element, name);
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const colors = { ok: color('chart-ok'), bad: color('chart-bad'), accent: color('accent') };
  const axis = {
    stroke: color('muted'),
    font,
    grid: { stroke: color('line'), width: 1 },
    ticks: { show: false },
  };
  const unit = series.find((one) => one.unit !== undefined)?.unit;
  const bars = UPlot.paths.bars!({ size: [BAR_WIDTH, BAR_PX] });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    scales: {
      y: { range: (_plot, min, max) => [Math.min(0, min), Math.max(1, max)] },
      unit: { range: (_plot, _min, max) => [0, Math.max(1, max)] },
    },
    legend: { live: true },
    cursor: { points: { show: false } },
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    axes: [
      { ...axis, values: timeTexts },
      { ...axis, size: 52 },
      ...(unit === undefined
        ? []
        : [
            {
              ...axis,
              scale: 'unit',
              side: RIGHT,
              size: 62,
              grid: { show: false },
              values: (_plot: UPlot, ticks: number[]) => ticks.map((tick) => `${tick} ${unit}`),
            },
          ]),
    ],
    series: [
      {
        label: 'Time',
        value: (_plot, at) =>
          at === null
            ? ''
            : new Date(at * 1000)
                .toISOString()
                .slice(0, areDays ? DAY : MINUTE)
                .replace('T', ' '),
      },
      ...series.map((one): UPlot.Series => ({
        label: one.label,
        scale: one.unit === undefined ? 'y' : 'unit',
        stroke: colors[one.color],
        spanGaps: true,
        ...(one.kind === 'bars'
          ? { fill: colors[one.color], width: 0, paths: bars, points: { show: false } }
          : { width: 1.5 }),
        ...(one.unit !== undefined && {
          value: (_plot: UPlot, value: number | null) => (value === null ? '–' : `${value} ${one.unit}`),
        }),
      })),
    ],
  };
}
