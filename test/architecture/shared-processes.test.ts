// Processes of a test run: every test file runs in one of them, with its own hooks, and fails under
// its own name.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sharedProcesses } from '../support/shared-processes.ts';
import { filesBelow } from '../support/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'postrider-processes-'));
after(() => rmSync(folder, { recursive: true }));

test('every test file runs in exactly one process of the whole run', () => {
  const files = filesBelow('test', '.test.ts');
  const run = sharedProcesses(files, folder).flatMap((path) =>
    path.endsWith('.test.ts')
      ? [path]
      : (JSON.parse(/runFiles\((.*)\)/.exec(readFileSync(path, 'utf8'))![1]!) as string[]),
  );
  assert.deepEqual(run.toSorted(), files.toSorted());
});

test('files that share a process run one after the other, with hooks and names of their own', () => {
  const files = ['passes', 'fails', 'cannot-load'].map((name) => join(folder, `${name}.test.mjs`));
  const bodies = [
    `test('passes', () => {}); after(() => { globalThis.hasEnded = true; });`,
    `test('begins later', () => assert.ok(globalThis.hasEnded)); test('breaks', () => assert.fail());`,
    `import './nowhere.mjs';`,
  ];
  const imports = `import assert from 'node:assert'; import { after, test } from 'node:test';`;
  for (const [index, body] of bodies.entries()) writeFileSync(files[index]!, imports + body);
  const [shared] = sharedProcesses(files, folder);

  const args = ['--import', './typescript.mjs', '--test', '--test-reporter=tap', shared!];
  // Node's variable of a test process would make the runner one of its files.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });

  assert.equal(status, 1, stdout);
  const seen = stdout.match(/^ *(not )?ok .*/gm)!.map((line) => line.replace(/\S*\//, ''));
  assert.deepEqual(seen, [
    '    ok 1 - passes',
    'ok 1 - passes.test.mjs',
    '    ok 1 - begins later',
    '    not ok 2 - breaks',
    'not ok 2 - fails.test.mjs',
    'not ok 3 - cannot-load.test.mjs',
  ]);
});
