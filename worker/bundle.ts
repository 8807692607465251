// The workflow bundle: all workflow code in one file, without Node. Built once per change of its
// code and kept in `worker/built`. Run as a program, builds it: in the image, and with `--check`
// only to see that it builds.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

export interface WorkflowBundle {
  readonly code: string;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = `${ROOT}worker/built`;

/** Folders and files that hold the bundle's code; `package-lock.json` stands for the packages. */
const CODE = ['workflows', 'domain', 'package-lock.json'];

/**
 * Returns the bundle of the present code: the kept one, or else a new one, which is kept for the
 * next start. Where nothing can be written, it is built at each start.
 */
export async function loadBundle(folder = BUILT): Promise<WorkflowBundle> {
  const file = `${folder}/workflows-${await fingerprint()}.js`;
  try {
    return { code: await readFile(file, 'utf8') };
  } catch {
    const bundle = await buildBundle();
    await keep(folder, file, bundle.code).catch(() => {});
    return bundle;
  }
}

/** Throws when workflow code imports a module that the sandbox forbids. */
export async function buildBundle(): Promise<WorkflowBundle> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: `${ROOT}workflows/index.ts`,
    logger: new DefaultLogger('WARN'),
  });
  return { code };
}

/** Writes under another name first, since several processes may start at once. */
async function keep(folder: string, file: string, code: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const others = await readdir(folder);
  await writeFile(`${file}.${process.pid}`, code);
  await rename(`${file}.${process.pid}`, file);
  for (const other of others) await rm(`${folder}/${other}`, { force: true });
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of CODE) {
    for (const file of name.endsWith('.json') ? [name] : await sourcesOf(name)) {
      hash
        .update(`${file}\0`)
        .update(await readFile(ROOT + file))
        .update('\0');
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function sourcesOf(folder: string): Promise<string[]> {
  const files = await readdir(ROOT + folder, { recursive: true });
  return files
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => `${folder}/${file}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { code } = process.argv.includes('--check') ? await buildBundle() : await loadBundle();
  process.stdout.write(`the workflow bundle builds: ${Math.round(code.length / 1024)} KiB\n`);
}
