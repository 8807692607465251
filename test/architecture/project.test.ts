// Consistency of the files at the root: variables, commands, documents, lock files, and the
// workflow bundle.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBundle } from '../../worker/bundle.ts';
import { WORKFLOWS } from '../../workflows/contract.ts';
import { filesBelow, importsOf, readSource } from '../support/sources.ts';

const { scripts, dependencies } = JSON.parse(readSource('package.json')) as Record<
  'scripts' | 'dependencies',
  Record<string, string>
>;

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')];

/** Folders that running processes and builds create. */
const IS_GENERATED = /^(\.data|worker\/built|console\/(dist|generated))(\/|$)/;

/** All files and folders of the project; folders end with `/`. */
const files = filesBelow('', '');
const places = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));

/** Variables that `config.ts` reads: the fields of its two zod objects. */
const configured = found('config.ts', /^ {2}([A-Z][A-Z_]+): /gm);

test('.env.example names every variable of config.ts and of docker-compose.yml, and no other', () => {
  const composed = found('docker-compose.yml', /\$\{([A-Z_]+)/g);
  assert.deepEqual(found('.env.example', /^(?:# )?([A-Z][A-Z_]+)=/gm), sorted([...configured, ...composed]));
});

test('docker-compose.yml hands every variable to a container, but those of .env.example for other processes', () => {
  const elsewhere = readSource('.env.example')
    .split(/\n\n/)
    .filter((section) => /^# (Your own|Only for npm start)/.test(section))
    .flatMap((section) => Array.from(section.matchAll(/^# ([A-Z][A-Z_]+)=/gm), ([, name]) => name!));
  const set = [...found('docker-compose.yml', /^ +([A-Z_]+): /gm), ...found('Dockerfile', /\b([A-Z_]+)=\S/g)];
  // The API's port is published under another number; inside, it is the default.
  const missing = configured.filter((name) => ![...elsewhere, ...set, 'PORT'].includes(name));
  assert.deepEqual(missing, []);
});

test('README.md explains every variable of config.ts', () => {
  const table =
    readSource('README.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Configure')) ?? '';
  const explained = sorted(Array.from(table.matchAll(/`([A-Z][A-Z_]+)`/g), ([, name]) => name!));
  assert.deepEqual(
    configured.filter((name) => !explained.includes(name)),
    [],
  );
});

test('ARCHITECTURE.md has a row for every workflow', () => {
  const table = readSource('docs/ARCHITECTURE.md')
    .split(/^## /m)
    .find((part) => part.startsWith('Workflows'));
  const rows = Array.from((table ?? '').matchAll(/^\| `(\w+)`/gm), ([, name]) => name!);
  assert.deepEqual(sorted(rows), Object.values(WORKFLOWS).toSorted());
});

test('every npm command and script that the documents name exists', () => {
  const families = Object.keys(scripts).flatMap((name) =>
    name.includes(':') ? [`${name.split(':', 1)[0]}:`] : [],
  );
  for (const file of DOCUMENTS) {
    const run = found(file, /\bnpm run ([\w:-]+)/g);
    const short = found(file, /(?:^|`|; |&& )(?:[A-Z]+=\S+ )?npm (?!run\b|ci\b|install\b)([a-z][\w:-]*)/gm);
    const alone = quoted(file).filter((word) => families.some((family) => word.startsWith(family)));
    assert.deepEqual(
      [...run, ...short, ...alone].filter((name) => scripts[name] === undefined),
      [],
      file,
    );
  }
});

test('every path that the documents quote exists', () => {
  assert.deepEqual(
    DOCUMENTS.flatMap((file) => quoted(file).flatMap((word) => (isBroken(word) ? [`${file}: ${word}`] : []))),
    [],
  );
});

test('the path check ignores packages, routes, workflow ids and files made at run time', () => {
  const there = [
    'worker/main.ts',
    'worker/main',
    'worker/',
    'worker',
    'main.ts',
    'docs/*.md',
    'docs/images/',
  ];
  const others = [
    '@temporalio/client',
    'express',
    '/docs',
    '/v1/events',
    'delivery/<id>',
    'worker/…',
    '.data/logs/',
  ];
  const elsewhere = [
    'net/http',
    'n/a',
    'https://a.example/x.js',
    'php://input',
    ...Object.keys(dependencies),
  ];
  assert.deepEqual([...there, ...others, ...elsewhere].filter(isBroken), []);
  const broken = [
    'worker/none.ts',
    'worker/none',
    'none/x.ts',
    'none.ts',
    'none/',
    'docs/none*.md',
    'worker/none/',
  ];
  assert.deepEqual(broken.filter(isBroken), broken);
});

test('every file that the documents link to exists', () => {
  for (const file of DOCUMENTS) {
    for (const link of found(file, /\]\((?!https?:|#)([^)#]+)/g))
      assert.doesNotThrow(() => readSource(linked(file, link)), `${file}: ${link}`);
  }
});

test('the lock files name no registry, so that every mirror serves them', () => {
  for (const file of ['package-lock.json', 'bench/package-lock.json', 'console/package-lock.json'])
    assert.doesNotMatch(readSource(file), /"resolved":/, file);
});

test('only tests, benchmarks, examples and local tools import development packages', () => {
  const { devDependencies } = JSON.parse(readSource('package.json')) as {
    devDependencies: Record<string, string>;
  };
  const production = filesBelow('').filter((file) => !/^(bench|examples|local|test)\//.test(file));
  const used = production
    .flatMap(importsOf)
    .filter(({ path, typesOnly }) => !typesOnly && path in devDependencies);
  assert.deepEqual(used, []);
});

test('only the two job queues of the benchmark import packages of bench/package.json', () => {
  const ofBench = JSON.parse(readSource('bench/package.json')) as {
    dependencies: Record<string, string>;
  };
  const using = filesBelow('').filter((file) =>
    importsOf(file).some(({ path }) => path in ofBench.dependencies),
  );
  assert.deepEqual(using, ['bench/bullmq.ts', 'bench/graphile-worker.ts']);
});

test('the workflow bundle builds', async () => {
  const { code } = await buildBundle();
  assert.match(code, /processConversions/);
});

/** Words of everything in backticks outside of code blocks. */
function quoted(file: string): string[] {
  const text = readSource(file).replaceAll(/^```[^]*?^```/gm, '');
  const spans = Array.from(text.matchAll(/`([^`]+)`/g), ([, span]) => span!);
  return [...new Set(spans.flatMap((span) => span.split(/\s+/)).map((word) => word.replace(/^\.\//, '')))];
}

/**
 * Whether a word looks like a path of this project and leads nowhere. Paths begin with a top
 * folder, end with `/`, or have the ending of a source or a document; a name without a folder may
 * be in any folder.
 */
function isBroken(word: string): boolean {
  const isPath = /^[\w.@*-]+(\/[\w.@*-]+)*\/?$/.test(word) && !word.startsWith('@');
  const isOurs =
    places.has(`${word.split('/', 1)[0]}/`) ||
    word.endsWith('/') ||
    /\.(ts|mjs|js|json|md|sql|ya?ml)$/.test(word);
  if (!isPath || !isOurs || word in dependencies || IS_GENERATED.test(word)) return false;
  const pattern = word.replaceAll('.', '\\.').replaceAll('*', '[^/]*');
  const place = new RegExp(`${word.replace(/\/$/, '').includes('/') ? '^' : '(^|/)'}${pattern}(/|\\.tsx?)?$`);
  return ![...places].some((name) => place.test(name));
}

function foldersOf(file: string): string[] {
  return Array.from(file.matchAll(/\//g), ({ index }) => file.slice(0, index + 1));
}

function found(file: string, pattern: RegExp): string[] {
  return sorted(Array.from(readSource(file).matchAll(pattern), ([, name]) => name!));
}

function sorted(names: string[]): string[] {
  return [...new Set(names)].sort();
}

function linked(file: string, link: string): string {
  return file.startsWith('docs/') ? `docs/${link}` : link;
}
