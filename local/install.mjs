// Runs before `npm start` and `npm test`: installs the packages when they are missing or not the ones of the lockfile.
// It has no dependencies, because it is what brings them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The packages that a lockfile lists, by place; the ones that only some machines need are left out. */
function packages(file) {
  const all = JSON.parse(readFileSync(`${root}${file}`, 'utf8')).packages;
  return Object.entries(all).filter(([place, { optional }]) => place !== '' && !optional);
}

function isInstalled() {
  try {
    const found = Object.fromEntries(packages('node_modules/.package-lock.json'));
    return packages('package-lock.json').every(([place, { version }]) => found[place]?.version === version);
  } catch {
    return false;
  }
}

if (!isInstalled()) {
  console.log('installing packages (npm ci)');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exit(status ?? 1);
}
