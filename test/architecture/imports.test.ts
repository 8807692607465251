// Who may import whom. The table here is the rule, and docs/ARCHITECTURE.md shows the same rows, so that picture and rule cannot part.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesBelow, importsOf, textOf, topFolders, type Import } from '../support/sources.ts';

/** What a folder or file may import: packages, `Node`, folders, or files without their ending. `types`: only by `import type`. */
type Row = { from: string; values: string[]; types: string[] };

const row = (from: string, values: string, types = ''): Row => ({
  from,
  values: split(values),
  types: split(types),
});

/** The most specific row holds. Composition roots (`main.ts`) may import everything but each other; so may `bench` and `test`. */
const TABLE: readonly Row[] = [
  row('domain', 'domain'),
  row(
    'workflows',
    '@temporalio/workflow, @temporalio/common, workflows, domain/keys, domain/retry',
    'activities, domain',
  ),
  row('store', 'Node, pg, node-pg-migrate, store, domain, ids'),
  row('delivery', 'Node, undici, ipaddr.js, delivery, domain'),
  row(
    'activities',
    '@temporalio/common, activities, store, delivery, domain, workflows/contract, owners, ids',
    '@temporalio/client',
  ),
  row(
    'api',
    'Node, express, isbot, zod, csv-parse, api, store, domain, workflows/contract, ids',
    'config, log, owners, delivery/preflight',
  ),
  row('api/metrics', 'express, prom-client, api, store', ''),
  row('api/dispatcher', '@temporalio/client, domain, workflows/contract, ids, api/waiting-events', 'log'),
  row('api/starter', '@temporalio/client, api, store, domain, workflows/contract', 'log, owners'),
  row(
    'worker',
    'Node, @temporalio/client, @temporalio/worker, worker, domain/keys, workflows/contract',
    'log',
  ),
  row('worker/metrics', 'Node, prom-client, domain/retry', 'activities, delivery'),
  row('owners', '@temporalio/client, domain/keys, workflows/contract'),
  row('config', 'Node, zod'),
  row('log', 'pino'),
  row('ids', 'Node'),
  row(
    'local',
    'Node, pg, @temporalio/client, @temporalio/common, local, store, delivery/sign, workflows/contract, config',
  ),
  row('examples', 'Node, standardwebhooks, examples'),
];

const ROOTS = /^(api|worker|store|local|bench|test|examples)\/(main|run)$/;
const MAY_IMPORT_ALL = /^(bench|test)\//;
const TOP_FOLDERS = split(
  'activities, api, bench, delivery, docs, domain, examples, local, store, test, worker, workflows',
);
/** Names that say nothing; a thing without a home has not found its name yet. */
const EMPTY_NAMES = /^(utils?|helpers?|common|shared|lib|src|misc|services?)(\.ts)?$/;
/** Who reads the environment, which everybody else is handed. */
const READS_ENVIRONMENT = /^(config\.ts|(local|bench|test|examples)\/.*)$/;
/** Who writes SQL beside the store: what is embedded makes its database, and tests and benchmarks look behind the scenes. */
const WRITES_SQL = /^(store|local|bench|test)\//;

const files = filesBelow('');
const imports = files.flatMap(importsOf);

test('imports are read from every form of statement', () => {
  const own = importsOf('test/architecture/imports.test.ts').map(({ path }) => path);
  assert.deepEqual(own, ['node:assert/strict', 'node:test', 'test/support/sources']);
  assert.ok(imports.some(({ file, path }) => file === 'workflows/index.ts' && path === 'workflows/sweep'));
  assert.ok(
    imports.some(
      ({ file, path, typesOnly }) =>
        file === 'workflows/steps.ts' && path === 'activities/index' && typesOnly,
    ),
  );
});

test('every import is one that the table allows', () => {
  assert.deepEqual(imports.flatMap(problemOf), []);
});

test('every row of the table is in use', () => {
  const used = new Set(files.map((file) => rowOf(file)?.from));
  assert.deepEqual(
    TABLE.filter(({ from }) => !used.has(from)),
    [],
  );
});

test('docs/ARCHITECTURE.md shows this table', () => {
  const section =
    textOf('docs/ARCHITECTURE.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Who may import whom')) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const shown = rows.map((line) => {
    const [from = '', values = '', types = ''] = line.replaceAll('`', '').split('|').slice(1, -1);
    return row(from.trim().replace('.ts', ''), values, types);
  });
  assert.deepEqual(shown, TABLE);
});

test('only known folders lie at the root, and no file or folder has an empty name', () => {
  assert.deepEqual(
    topFolders().filter((folder) => !TOP_FOLDERS.includes(folder)),
    [],
  );
  assert.deepEqual(
    files.filter((file) => file.split('/').some((part) => EMPTY_NAMES.test(part))),
    [],
  );
});

test('only config.ts, and what runs on a desk, reads the environment', () => {
  assert.deepEqual(
    files.filter((file) => !READS_ENVIRONMENT.test(file) && /\bprocess\.env\b/.test(textOf(file))),
    [],
  );
});

test('only the store writes SQL', () => {
  assert.deepEqual(
    files.filter((file) => !WRITES_SQL.test(file) && /\.query\s*[<(]/.test(textOf(file))),
    [],
  );
});

test('the rules read no clock, dice or environment of their own', () => {
  const impure = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bfetch\(/;
  assert.deepEqual(
    filesBelow('domain').filter((file) => impure.test(textOf(file))),
    [],
  );
});

function problemOf({ file, path, typesOnly }: Import): string[] {
  if (ROOTS.test(path)) return [`${file} imports ${path}, which only runs`];
  const name = file.replace(/\.ts$/, '');
  if (ROOTS.test(name) || MAY_IMPORT_ALL.test(file)) return [];
  const found = rowOf(file);
  if (!found) return [`${file} has no row in the table`];
  const mayAll = isNamed(path, found.values) || (typesOnly && isNamed(path, found.types));
  return mayAll ? [] : [`${file} imports ${path}${isNamed(path, found.types) ? ' by value' : ''}`];
}

/** The row with the longest name that the file lies under. */
function rowOf(file: string): Row | undefined {
  const name = file.replace(/\.ts$/, '');
  return TABLE.filter(({ from }) => name === from || name.startsWith(`${from}/`)).toSorted(
    (a, b) => b.from.length - a.from.length,
  )[0];
}

function isNamed(path: string, allowed: readonly string[]): boolean {
  return allowed.some((one) =>
    one === 'Node' ? path.startsWith('node:') : path === one || path.startsWith(`${one}/`),
  );
}

function split(text: string): string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}
