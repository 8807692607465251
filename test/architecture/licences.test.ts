// Licences of the packages that run in production: those that let anybody run and change them.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSource } from '../support/sources.ts';

const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-4.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
];

/** Packages that name their licence only in a file of their own. */
const BY_FILE = new Map([['node_modules/unionfs', 'Unlicense']]);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Locked = { license?: string; dev?: boolean; integrity?: string };

/** Packages of a lockfile that run in production and are installed on this platform. */
function packagesOf(folder: string): [path: string, locked: Locked][] {
  const { packages } = JSON.parse(readSource(`${folder}package-lock.json`)) as {
    packages: Record<string, Locked>;
  };
  return Object.entries(packages).filter(
    ([path, { dev }]) => path !== '' && !dev && existsSync(join(ROOT, folder, path)),
  );
}

for (const folder of ['', 'console/'])
  test(`every package that runs in production has a licence that allows it, in ${folder || 'the root'}`, () => {
    const packages = packagesOf(folder);
    assert.ok(packages.length > 5, 'no packages are installed');
    const refused = packages.flatMap(([path, { license }]) => {
      const licence = license ?? BY_FILE.get(path) ?? 'none';
      return licence.split(' AND ').every((one) => ALLOWED.includes(one)) ? [] : [`${path}: ${licence}`];
    });
    assert.deepEqual(refused, []);
    assert.deepEqual(
      packages.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
      [],
      'packages without a hash in the lockfile',
    );
  });
