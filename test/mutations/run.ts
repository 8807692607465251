// Mutation run: puts each deliberate defect into a copy of the tree, runs the tests that must
// detect it, and prints a table. Exit code 1 when a defect goes undetected, or the tests fail
// without one. Takes minutes, so not part of `npm test`.
// node --import ./typescript.mjs test/mutations/run.ts [--list] [words of titles, each in quotes]
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  chmodSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Defect } from './defect.ts';
import { DEFECTS } from './defects.ts';
import { rowOf, TABLE_HEAD } from './table.ts';

/** Enough for a test that waits for locks, and a limit for a test that never ends. */
const TIMEOUT_MS = 300_000;

function copyOfTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'postrider-mutations-'));
  chmodSync(tree, 0o755);
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const file of files.split('\n').filter((name) => name !== '')) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    copyFileSync(file, join(tree, file));
  }
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  return tree;
}

/** Tests that need no database. */
const PURE = /^test\/(domain|chaos\/judgements)\//;

/**
 * Titles of the failed tests, and the number of passed ones. Tests of rules need no database;
 * others get one from test/run.ts.
 */
function failuresOf(tree: string, tests: readonly string[]): { failed: string[]; passed: number } {
  const needsDatabase = tests.some((file) => !PURE.test(file));
  const reporter = '--test-reporter=tap';
  const args = needsDatabase ? ['test/run.ts', reporter, ...tests] : ['--test', reporter, ...tests];
  const { stdout } = spawnSync(process.execPath, ['--import', './typescript.mjs', ...args], {
    cwd: tree,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: 2 ** 28,
  });
  const lines = [...stdout.matchAll(/^( *)(not ok|ok) \d+ - (.*)$/gm)];
  const titles = lines
    .filter(([, , verdict]) => verdict === 'not ok')
    .map(([, , , title]) => title!.replaceAll('\\#', '#'));
  return { failed: titles, passed: lines.length - titles.length };
}

function isDetected(tree: string, { file, from, to, tests, sees }: Defect): boolean {
  const path = join(tree, file);
  const sound = readFileSync(path, 'utf8');
  if (sound.split(from).length !== 2) throw new Error(`${file} does not have exactly once: ${from}`);
  writeFileSync(
    path,
    sound.replace(from, () => to),
  );
  try {
    return failuresOf(tree, tests).failed.some((title) => title.includes(sees));
  } finally {
    writeFileSync(path, sound);
  }
}

const words = process.argv.slice(2).filter((word) => word !== '--list');
const isWanted = ({ title }: Defect): boolean =>
  words.length === 0 || words.some((word) => title.includes(word));
const defects = DEFECTS.filter(isWanted);

function runAll(tree: string): void {
  for (const file of new Set(defects.flatMap(({ tests }) => tests))) {
    const { failed, passed } = failuresOf(tree, [file]);
    if (failed.length > 0 || passed === 0)
      throw new Error(`${file} fails without any defect: ${failed.join(', ')}`);
  }
  console.log(TABLE_HEAD);
  for (const defect of defects) {
    const seen = isDetected(tree, defect);
    if (!seen) process.exitCode = 1;
    console.log(rowOf(defect, seen));
  }
}

if (process.argv.includes('--list')) {
  console.log([TABLE_HEAD, ...defects.map((defect) => rowOf(defect))].join('\n'));
} else {
  const tree = copyOfTree();
  try {
    runAll(tree);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
