// Import rules between folders. The tables here are the rules, and docs/LOOKUP.md must show
// the same rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesBelow, importsOf, readSource, tableRows, topFolders, type Import } from '../support/sources.ts';

/**
 * Allowed imports of a folder or file: packages, `Node`, folders, or files without their ending.
 * `types`: only by `import type`.
 */
type Row = { from: string; values: string[]; types: string[] };

const row = (from: string, values: string, types = ''): Row => ({
  from,
  values: split(values),
  types: split(types),
});

/**
 * The most specific row applies. Composition roots (`main.ts`) may import everything but each
 * other; so may `bench` and `test`.
 */
const TABLE: readonly Row[] = [
  row('domain', 'domain'),
  row('workflows', '@temporalio/workflow, @temporalio/common, workflows', 'activities'),
  row(
    'workflows/client',
    '@temporalio/client, domain/keys, domain/console-pages, workflows/contract, workflows/start-options',
    'domain/jobs',
  ),
  row('workflows/start-options', 'domain/keys, workflows/contract', '@temporalio/client, domain/jobs'),
  row('workflows/contract', ''),
  row('workflows/payload-codec', '', '@temporalio/common, store'),
  row('store', 'Node, pg, node-pg-migrate, store, domain'),
  row('delivery', 'Node, undici, nodemailer, ipaddr.js, lru-cache, delivery, domain'),
  row(
    'activities',
    '@temporalio/common, lru-cache, activities, store, delivery, domain, ' +
      'workflows/contract, workflows/client',
    '@temporalio/client',
  ),
  row(
    'api',
    'Node, express, helmet, ipaddr.js, isbot, lru-cache, zod, csv-parse, csv-stringify, any-ascii, api, ' +
      'store, domain, build',
    'config, log, workflows/contract, workflows/payload-codec, delivery/preflight, delivery/messenger',
  ),
  row('api/process/metrics', 'prom-client, api/http/path', 'express, api, store'),
  row('api/intake/dispatcher', '@temporalio/client, domain, workflows/contract, store, api/intake', 'log'),
  row('api/process/tracing', 'tracing', 'express'),
  row('api/temporal', 'store, workflows/client', '@temporalio/client, domain/jobs, log'),
  row(
    'worker',
    'Node, @temporalio/client, @temporalio/worker, domain/keys, workflows/contract',
    'log, activities',
  ),
  row('worker/metrics', 'Node, prom-client, domain/delivery, store/db/ids', 'activities, delivery'),
  row('worker/tracing', '@opentelemetry/api, lru-cache, tracing', 'activities, store'),
  row('process-metrics', 'prom-client', 'store'),
  row(
    'tracing',
    '@opentelemetry/api, @opentelemetry/exporter-trace-otlp-http, @opentelemetry/resources, ' +
      '@opentelemetry/sdk-trace',
    'workflows/contract',
  ),
  row('build', 'Node'),
  row('config', 'zod, config-values'),
  row('config-values', 'Node, zod'),
  row('log', 'pino'),
  row(
    'local',
    'Node, pg, @temporalio/client, @temporalio/common, local, store, delivery/sign, ' +
      'workflows/contract, config',
  ),
  row('examples', 'Node, standardwebhooks, examples'),
  row('console', 'react, react-dom, console'),
  row('console/format', 'domain/console-pages'),
  row(
    'console/wire',
    '@tanstack/react-query, openapi-fetch, openapi-react-query, console/wire',
    'console/generated',
  ),
  row(
    'console/parts',
    'react, wouter, @ariakit/react, uplot, console/parts, console/format, console/wire/errors',
    '@tanstack/react-query',
  ),
  row('console/pages', 'react, wouter, console/pages, console/parts, console/format, console/wire'),
  row(
    'console/frame',
    'react, @tanstack/react-query, wouter, console/frame, console/parts, console/format, console/wire, ' +
      'console/pages',
  ),
  row(
    'console/portal',
    'react, @tanstack/react-query, wouter, console/portal, console/frame, console/parts, console/format, ' +
      'console/wire, console/pages, docs/VERIFYING.md?raw',
  ),
  row('console/generate-types', 'Node, openapi-typescript, api/openapi, api/resources'),
  row('console/vite.config', 'Node, vite, console/budget'),
  row('console/budget', 'Node', 'vite'),
];

/** Layers divided into rooms, the same areas in each. */
const LAYERS = ['domain', 'store', 'activities', 'api'];

/**
 * Rooms of its own layer that a room may import. Files in no room (`domain/types`) are open to the
 * whole layer.
 */
const ROOMS: Readonly<Record<string, string[]>> = {
  'domain/ledger': [],
  'domain/delivery': ['ledger'],
  'domain/attribution': ['delivery'],
  'domain/commission': ['ledger'],
  'domain/settlement': ['attribution', 'commission', 'delivery', 'ledger'],
  'domain/setup': [],
  'store/db': [],
  'store/agreements': ['db'],
  'store/attribution': ['agreements', 'db'],
  'store/intake': ['agreements', 'db'],
  'store/delivery': ['db', 'intake'],
  'store/ledger': ['agreements', 'attribution', 'db', 'delivery', 'intake'],
  'store/settlement': ['agreements', 'attribution', 'db', 'ledger'],
  'store/setup': ['db', 'intake'],
  'store/access': ['attribution', 'db', 'setup'],
  'store/audit': ['agreements', 'attribution', 'db', 'ledger', 'settlement'],
  'store/upkeep': ['agreements', 'attribution', 'db', 'delivery', 'intake', 'ledger', 'settlement'],
  'activities/delivery': [],
  'activities/settlement': ['delivery'],
  'activities/upkeep': ['delivery'],
  'api/http': [],
  'api/intake': ['http'],
  'api/ledger': ['http'],
  'api/events': ['http', 'intake', 'ledger'],
  'api/clicks': ['http', 'intake'],
  'api/deals': ['http'],
  'api/postbacks': ['http'],
  'api/setup': ['events', 'http', 'intake', 'ledger'],
  'api/process': ['http', 'intake'],
  'api/access': ['http'],
  'api/openapi': ['http'],
};

const ROOTS = /^(api|worker|store|local|bench|test|examples)\/(main|run)$/;
const MAY_IMPORT_ALL = /^(bench|test)\//;
const TOP_FOLDERS = split(
  'activities, api, bench, console, delivery, docs, domain, examples, local, store, test, worker, workflows',
);
/** Names without meaning, which hide files that lack a proper place. */
const MEANINGLESS_NAMES = /^(utils?|helpers?|common|shared|lib|src|misc|services?)(\.ts)?$/;
/** Files that may read the environment. All other files get their settings as arguments. */
const READS_ENVIRONMENT = /^(config\.ts|(local|bench|test|examples)\/.*)$/;
/**
 * Files that may contain SQL beside the store: the embedded stack creates its database, and tests
 * and benchmarks inspect tables.
 */
const WRITES_SQL = /^(store|local|bench|test)\//;

const files = filesBelow('');
const imports = files.flatMap(importsOf);

test('the import reader finds every form of import statement', () => {
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

test('every import is allowed by the table', () => {
  assert.deepEqual(imports.flatMap(problemOf), []);
});

test('every row of the import table is in use', () => {
  const used = new Set(files.map((file) => rowOf(file)?.from));
  assert.deepEqual(
    TABLE.filter(({ from }) => !used.has(from)),
    [],
  );
});

test('every right of the import table is in use, and used by value where it allows values', () => {
  const unused = TABLE.flatMap((held) => {
    const own = imports.filter(({ file }) => rowOf(file) === held && !ROOTS.test(withoutEnding(file)));
    const byValue = own.filter(({ typesOnly }) => !typesOnly);
    return [
      ...held.values.filter((one) => !byValue.some(({ path }) => isNamed(path, [one]))),
      ...held.types.filter((one) => !own.some(({ path, typesOnly }) => typesOnly && isNamed(path, [one]))),
    ].map((one) => `${held.from}: ${one}`);
  });
  assert.deepEqual(unused, []);
});

test('every import between two rooms of a layer is allowed, and every allowed one is in use', () => {
  const found = new Map<string, Set<string>>();
  for (const { file, path } of imports) {
    const [from, to] = [roomOf(file), roomOf(path)];
    if (from === null) continue;
    const others = found.get(from) ?? new Set();
    found.set(from, others);
    if (to !== null && to !== from && layerOf(to) === layerOf(from)) others.add(to.split('/')[1]!);
  }
  const inUse = [...found].map(([room, others]): [string, string[]] => [room, [...others].sort()]);
  assert.deepEqual(Object.fromEntries(inUse), ROOMS);
});

test('rooms import each other in one direction only', () => {
  const neighbours = (room: string) => ROOMS[room]!.map((other) => `${layerOf(room)}/${other}`);
  assert.deepEqual(circleIn(Object.keys(ROOMS), neighbours), []);
});

test('no files import each other in a circle, types included', () => {
  const targets = new Map<string, string[]>();
  for (const { file, path } of imports)
    targets.set(file, [...(targets.get(file) ?? []), `${path}.ts`, `${path}.tsx`]);
  const known = (file: string) => targets.get(file)?.filter((target) => targets.has(target)) ?? [];
  assert.deepEqual(circleIn([...targets.keys()], known), []);
  assert.deepEqual(
    circleIn(['a', 'b', 'c'], (name) => ({ a: ['b'], b: ['c'], c: ['b'] })[name]!),
    ['b', 'c', 'b'],
  );
});

test('docs/LOOKUP.md shows both import tables', () => {
  const rows = tableRows('Who may import whom');
  assert.deepEqual(
    rows.map(([from = '', values = '', types = '']) => row(from.replace('.ts', ''), values, types)),
    TABLE,
  );
  const rooms = tableRows('Rooms of a layer').map(([room = '', others = '']) => [room, split(others)]);
  assert.deepEqual(Object.fromEntries(rooms), ROOMS);
});

test('only known folders lie at the root, and no file or folder has a meaningless name', () => {
  assert.deepEqual(
    topFolders().filter((folder) => !TOP_FOLDERS.includes(folder)),
    [],
  );
  assert.deepEqual(
    files.filter((file) => file.split('/').some((part) => MEANINGLESS_NAMES.test(part))),
    [],
  );
});

test('only config.ts and local tools read the environment', () => {
  assert.deepEqual(
    files.filter((file) => !READS_ENVIRONMENT.test(file) && /\bprocess\.env\b/.test(readSource(file))),
    [],
  );
});

test('only the store contains SQL', () => {
  assert.deepEqual(
    files.filter((file) => !WRITES_SQL.test(file) && /\.query\s*[<(]/.test(readSource(file))),
    [],
  );
});

test('the domain rules read no clock, randomness or environment', () => {
  const impure = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bfetch\(/;
  assert.deepEqual(
    filesBelow('domain').filter((file) => impure.test(readSource(file))),
    [],
  );
});

function problemOf({ file, path, typesOnly }: Import): string[] {
  if (ROOTS.test(path)) return [`${file} imports ${path}, which only runs`];
  const name = withoutEnding(file);
  if (ROOTS.test(name) || MAY_IMPORT_ALL.test(file)) return [];
  const found = rowOf(file);
  if (!found) return [`${file} has no row in the table`];
  const mayAll = isNamed(path, found.values) || (typesOnly && isNamed(path, found.types));
  return mayAll ? [] : [`${file} imports ${path}${isNamed(path, found.types) ? ' by value' : ''}`];
}

function layerOf(path: string): string {
  return path.split('/')[0]!;
}

/**
 * Room of a file or import as `layer/room`; null outside the divided layers and for files in no
 * room.
 */
function roomOf(path: string): string | null {
  const [layer = '', room, ...rest] = path.split('/');
  return LAYERS.includes(layer) && rest.length > 0 ? `${layer}/${room}` : null;
}

/** First circle found, with its first name repeated at its end; empty without a circle. */
function circleIn(names: readonly string[], next: (name: string) => readonly string[]): string[] {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): string[] => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return [];
    for (const other of next(name)) {
      const circle = visit(other, [...way, name]);
      if (circle.length > 0) return circle;
    }
    done.add(name);
    return [];
  };
  for (const name of names) {
    const circle = visit(name, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

function withoutEnding(file: string): string {
  return file.replace(/\.tsx?$/, '');
}

/** Row with the longest name that contains the file. */
function rowOf(file: string): Row | undefined {
  const name = withoutEnding(file);
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
