// The workflow bundle that is kept between starts of the worker.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadBundle } from '../../worker/bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'postrider-bundle-'));
after(() => rmSync(folder, { recursive: true }));

test('the workflow bundle is built once, then read as it was kept, and no older one stays beside it', async () => {
  writeFileSync(join(folder, 'workflows-of-other-code.js'), '');
  const { code } = await loadBundle(folder);
  assert.match(code, /processConversions/);
  const [file, ...others] = readdirSync(folder);
  assert.deepEqual(others, []);
  assert.equal(readFileSync(join(folder, file!), 'utf8'), code);

  writeFileSync(join(folder, file!), '/* kept */');
  assert.equal((await loadBundle(folder)).code, '/* kept */');
});

test('the workflow bundle is built at each start where nothing can be kept', async () => {
  const noFolder = join(folder, 'file');
  writeFileSync(noFolder, '');
  assert.match((await loadBundle(noFolder)).code, /processConversions/);
});
