// What the files at the root say about each other: variables, commands, the lock file, and that the workflows can be bundled.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBundle } from '../../worker/bundle.ts';
import { filesBelow, importsOf, textOf } from '../support/sources.ts';

const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/ARCHITECTURE.md',
  'docs/OPERATIONS.md',
  'docs/DECISIONS.md',
  'docs/TEMPLATES.md',
  'docs/VERIFYING.md',
];

/** The variables that `config.ts` reads: the fields of its two zod objects. */
const configured = found('config.ts', /^ {2}([A-Z][A-Z_]+): /gm);

test('.env.example names every variable of config.ts and of docker-compose.yml, and no other', () => {
  const composed = found('docker-compose.yml', /\$\{([A-Z_]+)/g);
  assert.deepEqual(found('.env.example', /^(?:# )?([A-Z][A-Z_]+)=/gm), sorted([...configured, ...composed]));
});

test('README.md explains every variable of config.ts', () => {
  const table =
    textOf('README.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Configure')) ?? '';
  const explained = sorted(Array.from(table.matchAll(/`([A-Z][A-Z_]+)`/g), ([, name]) => name!));
  assert.deepEqual(
    configured.filter((name) => !explained.includes(name)),
    [],
  );
});

test('every npm command that the documents name is there', () => {
  for (const file of DOCUMENTS) {
    const named = found(file, /\bnpm run ([\w:-]+)/g);
    assert.deepEqual(
      named.filter((name) => scripts[name] === undefined),
      [],
      file,
    );
  }
});

test('every file that the documents link to is there', () => {
  for (const file of DOCUMENTS) {
    for (const link of found(file, /\]\((?!https?:|#)([^)#]+)/g))
      assert.doesNotThrow(() => textOf(linked(file, link)), `${file}: ${link}`);
  }
});

test('the lock files name no registry, so that every mirror serves them', () => {
  for (const file of ['package-lock.json', 'bench/package-lock.json'])
    assert.doesNotMatch(textOf(file), /"resolved":/, file);
});

test('only tests, benchmarks, examples and local tools import development packages', () => {
  const { devDependencies } = JSON.parse(textOf('package.json')) as {
    devDependencies: Record<string, string>;
  };
  const production = filesBelow('').filter((file) => !/^(bench|examples|local|test)\//.test(file));
  const used = production
    .flatMap(importsOf)
    .filter(({ path, typesOnly }) => !typesOnly && path in devDependencies);
  assert.deepEqual(used, []);
});

test('only the two job queues of the benchmark import packages of bench/package.json', () => {
  const { dependencies } = JSON.parse(textOf('bench/package.json')) as {
    dependencies: Record<string, string>;
  };
  const using = filesBelow('').filter((file) => importsOf(file).some(({ path }) => path in dependencies));
  assert.deepEqual(using, ['bench/bullmq.ts', 'bench/graphile-worker.ts']);
});

test('the workflow bundle builds', async () => {
  const { code } = await buildBundle();
  assert.match(code, /processConversions/);
});

function found(file: string, pattern: RegExp): string[] {
  return sorted(Array.from(textOf(file).matchAll(pattern), ([, name]) => name!));
}

function sorted(names: string[]): string[] {
  return [...new Set(names)].sort();
}

function linked(file: string, link: string): string {
  return file.startsWith('docs/') ? `docs/${link}` : link;
}
