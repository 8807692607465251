// Small pictures in SVG: a strip of attempts, and a line of counts.

export type StripCell = { tone: 'ok' | 'bad' | 'none'; label: string };

const CELL = 8;
const GAP = 2;
const HEIGHT = 26;

/** One cell for each attempt, the oldest first. `label` says the same in words. */
export function Strip({ cells, label }: { cells: readonly StripCell[]; label: string }) {
  const width = Math.max(1, cells.length) * (CELL + GAP) - GAP;
  return (
    <svg
      className="strip"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {cells.map((cell, index) => (
        <rect
          key={index}
          className={`strip-${cell.tone}`}
          x={index * (CELL + GAP)}
          y={cell.tone === 'bad' ? 0 : cell.tone === 'ok' ? 4 : 10}
          width={CELL}
          height={cell.tone === 'bad' ? HEIGHT : cell.tone === 'ok' ? HEIGHT - 8 : 6}
        >
          <title>{cell.label}</title>
        </rect>
      ))}
    </svg>
  );
}

const SPARK = { width: 120, height: 28 };

/** Counts over time, the oldest first. */
export function Sparkline({ counts, label }: { counts: readonly number[]; label: string }) {
  const most = Math.max(1, ...counts);
  const x = (index: number) => (counts.length > 1 ? (index / (counts.length - 1)) * SPARK.width : 0);
  const y = (count: number) => SPARK.height - 2 - (count / most) * (SPARK.height - 4);
  const line = counts.map((count, index) => `${x(index).toFixed(1)},${y(count).toFixed(1)}`).join(' ');
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${SPARK.width} ${SPARK.height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon className="spark-area" points={`0,${SPARK.height} ${line} ${SPARK.width},${SPARK.height}`} />
      <polyline className="spark-line" points={line} />
    </svg>
  );
}
