// Figures of an endpoint's attempts: success, latency, and the strip of the latest ones.
import { formatCount } from '../../format/money.ts';
import { duration, exactTime } from '../../format/time.ts';
import { reasonText } from '../../format/words.ts';
import { Strip } from '../../parts/graphs.tsx';
import type { Answer } from '../../wire/types.ts';

export type Statistics = Answer<'/v1/endpoints/{id}/statistics'>;
type Counts = Statistics['last_24_hours'];

/** Never rounded up to 100 %. */
export function successText({ attempts, delivered }: Counts): string {
  if (attempts === 0) return '–';
  const share = Math.floor((delivered / attempts) * 1000) / 10;
  return `${share} %`;
}

export function latencyText({ p50_ms: p50, p95_ms: p95 }: Counts): string {
  return p50 === null || p95 === null ? '–' : `${duration(p50)} / ${duration(p95)}`;
}

/** Places of the strip; those without an attempt are empty, so that strips compare. */
const PLACES = 60;
const NO_ATTEMPT = { tone: 'none' as const, label: 'no attempt' };

export function LatestStrip({ latest }: { latest: Statistics['latest'] }) {
  const cells = latest
    .toReversed()
    .map(({ started_at: at, status_code: status, error_class: error, duration_ms: ms }) => ({
      tone: error === null ? ('ok' as const) : ('bad' as const),
      label: `${exactTime(at)}: ${status ?? reasonText(error ?? '')}, ${duration(ms)}`,
    }));
  const failed = latest.filter(({ error_class: error }) => error !== null).length;
  const none = Array.from({ length: Math.max(0, PLACES - cells.length) }, () => NO_ATTEMPT);
  if (cells.length === 0) return <span className="muted small">no attempt yet</span>;
  return (
    <Strip
      cells={[...none, ...cells]}
      label={`The latest ${formatCount(cells.length)} attempts, the newest at the right: ${formatCount(failed)} failed`}
    />
  );
}

/** By hour: whether all attempts were answered with 2xx. */
export function HoursStrip({ hours }: { hours: Statistics['hours'] }) {
  const cells = hours.map(({ at, attempts, delivered }) => ({
    tone: attempts === 0 ? ('none' as const) : delivered === attempts ? ('ok' as const) : ('bad' as const),
    label: `${exactTime(at)}: ${formatCount(delivered)} of ${formatCount(attempts)} delivered`,
  }));
  const bad = cells.filter(({ tone }) => tone === 'bad').length;
  return <Strip cells={cells} label={`24 hours, the present one at the right: failures in ${bad}`} />;
}
