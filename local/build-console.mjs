// Builds the console into console/dist, unless it was built from the same sources before. Runs
// before `npm start` and `npm test`, and in the image; needs no packages.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../console', import.meta.url));
/** What the pages take from elsewhere. */
const TAKEN = ['docs/VERIFYING.md', 'domain/console-pages.ts'].map((file) =>
  fileURLToPath(new URL(`../${file}`, import.meta.url)),
);
const NOT_SOURCES = new Set(['node_modules', 'dist', 'generated']);
/** Digest of the sources that dist was built from. */
const MARK = join(FOLDER, 'dist', 'built-from');

const digest = digestOfSources();
if (builtFrom() !== digest) {
  console.log('building the console');
  run(process.execPath, [fileURLToPath(new URL('install.mjs', import.meta.url)), 'console']);
  run(process.execPath, [join(FOLDER, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn']);
  mkdirSync(join(FOLDER, 'dist'), { recursive: true });
  writeFileSync(MARK, digest);
}

function builtFrom() {
  try {
    return readFileSync(MARK, 'utf8');
  } catch {
    return null;
  }
}

function digestOfSources() {
  const hash = createHash('sha256');
  for (const file of [...filesBelow(FOLDER), ...TAKEN])
    hash.update(`${relative(FOLDER, file)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !NOT_SOURCES.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
}

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: FOLDER, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
