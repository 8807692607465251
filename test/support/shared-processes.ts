// Processes of a test run: files of one folder share a process, which loads their modules and warms
// them up once. Node's runner alone starts a process per file.
import { writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Areas whose files have a process each, since they start, kill or measure processes. */
const ALONE: ReadonlySet<string> = new Set([
  'bench',
  'chaos',
  'cluster',
  'console',
  'e2e',
  'examples',
  'local',
  'model',
]);

/** The areas that take longest begin first, so that the last process to end is a short one. */
const LONGEST = ['console', 'e2e', 'chaos', 'workflows', 'api', 'activities', 'store', 'domain'];

/** Keeps a shared process short enough that the runner's places end at about the same time. */
const FILES_AT_MOST = 10;

/**
 * Files for Node's runner, which starts a process for each: test files that have their own, and one
 * file, written to `folder`, for each shared process.
 */
export function sharedProcesses(files: readonly string[], folder: string): string[] {
  const folderOf = (file: string): string => dirname(relative('', file));
  const processes = [...new Set(files.map(folderOf))]
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap((name) => {
      const within = files.filter((file) => folderOf(file) === name);
      return cut(within, ALONE.has(areaOf(name)) ? 1 : FILES_AT_MOST);
    });
  return processes.map((together, index) =>
    together.length === 1 ? together[0]! : written(together, join(folder, `process-${index + 1}.mjs`)),
  );
}

/** `api` of `test/api/deals`. */
function areaOf(folder: string): string {
  return folder.split('/')[1] ?? '';
}

function rank(folder: string): number {
  const place = LONGEST.indexOf(areaOf(folder));
  return place < 0 ? LONGEST.length : place;
}

/** Cuts a list into parts of nearly the same length. */
function cut(files: readonly string[], atMost: number): string[][] {
  const parts = Math.ceil(files.length / atMost);
  const startOf = (part: number): number => Math.round((part * files.length) / parts);
  return Array.from({ length: parts }, (_, part) => files.slice(startOf(part), startOf(part + 1)));
}

function written(files: readonly string[], path: string): string {
  const { href } = new URL('run-files.ts', import.meta.url);
  const names = files.map((file) => relative('', file));
  writeFileSync(path, `import { runFiles } from '${href}';\nawait runFiles(${JSON.stringify(names)});\n`);
  return path;
}
