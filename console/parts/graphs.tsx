// Small picture in SVG: a strip of attempts.

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
