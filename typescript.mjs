// Lets Node run the TypeScript sources: by itself where it strips types (from 22.18 on), otherwise
// by a loader with the same stripper, which puts blanks in place of types, so that lines and columns
// of errors are right without source maps. Stripped sources are kept, since stripping takes longer
// than loading. Threads need no loader, since they run the workflow bundle, which is JavaScript.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import module, { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const CACHE = new URL('node_modules/.cache/', import.meta.url);
const KEPT = new URL('typescript/', CACHE);

if (isMainThread && !process.features.typescript) register(import.meta.url);
// Where Node can, it keeps compiled code too: from 24 on, loading then takes half of the time.
if (isMainThread) module.enableCompileCache?.(fileURLToPath(new URL('compiled', CACHE)));

/** Node's hook that loads a module. */
export function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context);
  const source = readFileSync(fileURLToPath(url), 'utf8');
  const kept = new URL(createHash('sha256').update(source).digest('hex'), KEPT);
  return { format: 'module', source: read(kept) ?? keep(kept, strip(source)), shortCircuit: true };
}

function strip(source) {
  const { transformSync } = createRequire(import.meta.url)('@swc/wasm-typescript');
  return transformSync(source, { mode: 'strip-only' }).code;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Other processes never read a file that is half written; an image may be read only. */
function keep(file, code) {
  try {
    mkdirSync(KEPT, { recursive: true });
    const own = new URL(`${file.href}.${process.pid}`);
    writeFileSync(own, code);
    renameSync(own, file);
  } catch {
    // Stripped again next time.
  }
  return code;
}
