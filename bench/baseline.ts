// Comparison with another checkout (`--baseline PATH`): the same benchmark measures both in turns,
// since a shared machine is not equally fast at every moment.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { medianOf, ratio, ROWS, type Figures } from './figures.ts';

/** Turns of each checkout: the other one, then this one. */
const TURNS = 3;

/** Figures of each turn; a figure is compared by its median. */
interface Compared {
  readonly base: Figures[];
  readonly here: Figures[];
}

/** Runs the benchmark with these options for both checkouts. Throws when one of them fails. */
export async function compareWith(checkout: string, options: readonly string[]): Promise<Compared> {
  const compared: Compared = { base: [], here: [] };
  for (let turn = 1; turn <= TURNS; turn++) {
    console.log(`turn ${turn} of ${TURNS}: ${checkout}`);
    compared.base.push(await runOnce(options, resolve(checkout)));
    console.log(`turn ${turn} of ${TURNS}: this checkout`);
    compared.here.push(await runOnce(options));
  }
  return compared;
}

/** Lines of the table: each figure of both, all turns, and the ratio of the medians. */
export function comparisonOf({ base, here }: Compared): string {
  const lines = ROWS.flatMap(([name, unit]) => {
    const [theirs, ours] = [valuesOf(base, name), valuesOf(here, name)];
    if (theirs.length === 0 || ours.length === 0) return [];
    const times = ratio(medianOf(ours), medianOf(theirs));
    return [
      `  ${name.padEnd(29)}${theirs.join(' ').padStart(24)} →${ours.join(' ').padStart(24)} ${unit}  × ${times ?? '–'}`,
    ];
  });
  return lines.join('\n');
}

function valuesOf(runs: readonly Figures[], name: keyof Figures): number[] {
  return runs.flatMap((figures) => figures[name] ?? []);
}

/** The figures of one run, which its last line of output holds. */
function runOnce(options: readonly string[], checkout?: string): Promise<Figures> {
  const args = [...process.execArgv, process.argv[1]!, ...options];
  const env = checkout === undefined ? process.env : { ...process.env, BENCH_CHECKOUT: checkout };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => {
      if (code !== 0) return failed(new Error(`the benchmark of ${checkout ?? 'this checkout'} failed`));
      done(JSON.parse(output.trim().split('\n').at(-1)!) as Figures);
    });
  });
}
