// Line charts as SVG, for docs/PERFORMANCE.md: readable on a light and on a dark page.

/** Points of a line by their x. `axis`: the scale at the left or at the right side. */
export type Series = { name: string; unit: string; axis: 'left' | 'right'; points: [x: number, y: number][] };

/** Points stand at equal distances along x, in their order. */
export type Chart = { title: string; x: string; series: readonly Series[] };

const [WIDTH, HEIGHT] = [720, 340];
const PLOT = { left: 64, right: WIDTH - 64, top: 48, bottom: HEIGHT - 76 };
const COLOURS = ['#2f7ed8', '#d9822b', '#3a9d5d'];
const STEPS = 4;

/** The chart as the text of an SVG file. Both scales begin at zero. */
export function svgOf({ title, x, series }: Chart): string {
  const places = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].toSorted(
    (a, b) => a - b,
  );
  const xOf = (value: number): number =>
    PLOT.left + ((PLOT.right - PLOT.left) * (places.indexOf(value) + 0.5)) / places.length;
  const lines = [
    text(WIDTH / 2, 22, title, 'middle', 'font-size="15"'),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 40, x, 'middle'),
    ...places.map((value) => text(xOf(value), PLOT.bottom + 20, label(value), 'middle')),
    ...(['left', 'right'] as const).flatMap((axis) => scale(axis, ceilingOf(series, axis))),
    ...series.flatMap((one, index) => line(one, index, xOf, ceilingOf(series, one.axis))),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"`,
    `  font-family="system-ui, sans-serif" font-size="12" fill="#808080">`,
    `<title>${escaped(title)}</title>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

function scale(axis: 'left' | 'right', ceiling: number): string[] {
  if (ceiling === 0) return [];
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const value = (ceiling * step) / STEPS;
    const y = yOf(value, ceiling);
    const rule =
      axis === 'left'
        ? `<path d="M${PLOT.left} ${y}H${PLOT.right}" stroke="#808080" stroke-opacity=".3"/>`
        : '';
    const [x, anchor] =
      axis === 'left' ? ([PLOT.left - 8, 'end'] as const) : ([PLOT.right + 8, 'start'] as const);
    return rule + text(x, y + 4, label(value), anchor);
  });
}

function line(
  { name, unit, axis, points }: Series,
  index: number,
  xOf: (x: number) => number,
  ceiling: number,
): string[] {
  const colour = COLOURS[index % COLOURS.length]!;
  const at = points.map(([x, y]) => [xOf(x), yOf(y, ceiling), y] as const);
  const path = at.map(([x, y]) => `${round(x)} ${y}`).join('L');
  const legendX = PLOT.left + (index * (PLOT.right - PLOT.left)) / COLOURS.length;
  return [
    `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...at.map(
      ([x, y, value]) =>
        `<circle cx="${round(x)}" cy="${y}" r="3.5" fill="${colour}"><title>${label(value)} ${escaped(unit)}</title></circle>`,
    ),
    `<circle cx="${legendX + 4}" cy="${HEIGHT - 14}" r="4" fill="${colour}"/>`,
    text(legendX + 14, HEIGHT - 10, `${name}, ${unit} (${axis})`, 'start'),
  ];
}

/** The first number of one digit and zeros, or of 1.5, 2.5 and zeros, that no point exceeds. */
function ceilingOf(series: readonly Series[], axis: 'left' | 'right'): number {
  const most = Math.max(
    0,
    ...series.filter((one) => one.axis === axis).flatMap(({ points }) => points.map(([, y]) => y)),
  );
  if (most === 0) return 0;
  const unit = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((times) => times * unit).find((value) => value >= most)!;
}

function yOf(value: number, ceiling: number): number {
  return round(PLOT.bottom - ((PLOT.bottom - PLOT.top) * value) / ceiling);
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  return `<text x="${round(x)}" y="${y}" text-anchor="${anchor}" ${more}>${escaped(content)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const label = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
