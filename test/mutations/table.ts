// Table of deliberate defects, as MUTATIONS.md has it and a run prints it: which layer of tests
// sees each, by which test.
import type { Defect } from './defect.ts';

/** The layers by the folders of their tests; the first that fits counts. */
const LAYERS: readonly (readonly [folder: string, layer: string])[] = [
  ['test/chaos/', 'judges of chaos'],
  ['test/domain/', 'rules'],
  ['test/store/audit/', 'audit'],
  ['test/store/delivery/delivery-model.', 'model of deliveries'],
  ['test/store/', 'database'],
  ['test/activities/', 'steps'],
  ['test/workflows/', 'workflows'],
  ['test/delivery/', 'network'],
  ['test/api/', 'HTTP'],
];

export const TABLE_HEAD = '| defect | in | layer | seen by |\n|---|---|---|---|';

/** The layer of a test file. Throws for one in a folder that has none. */
export function layerOf(test: string): string {
  const layer = LAYERS.find(([folder]) => test.startsWith(folder))?.[1];
  if (layer === undefined) throw new Error(`${test} is of no layer`);
  return layer;
}

/** The row of a defect; `seen` false: nobody saw it. */
export function rowOf({ title, file, tests, sees }: Defect, seen = true): string {
  const by = `${tests.map((test) => test.slice('test/'.length)).join(', ')}: ${sees}`;
  const layers = [...new Set(tests.map(layerOf))].join(', ');
  const cells = [title, file, layers, seen ? by : `**nobody** (${by})`];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
