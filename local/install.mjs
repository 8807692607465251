// Installs the packages of the project, or of the folders given as arguments (`bench`), unless they
// match the lockfile. Runs before `npm start`, `npm test` and `npm run bench`; needs no packages.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const named = process.argv.slice(2).map((name) => `${root}${name}/`);
for (const folder of named.length > 0 ? named : [root]) {
  if (!isInstalled(folder)) install(folder);
}

/** Packages of a lockfile by path, without optional ones that only some machines need. */
function packages(file) {
  const all = JSON.parse(readFileSync(file, 'utf8')).packages;
  return Object.entries(all).filter(([place, { optional }]) => place !== '' && !optional);
}

function isInstalled(folder) {
  try {
    const found = Object.fromEntries(packages(`${folder}node_modules/.package-lock.json`));
    return packages(`${folder}package-lock.json`).every(
      ([place, { version }]) => found[place]?.version === version,
    );
  } catch {
    return false;
  }
}

/** Includes development packages (the embedded PostgreSQL), also where NODE_ENV is `production`. */
function install(folder) {
  console.log(`installing packages (npm ci) in ${folder}`);
  const { status } = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}
