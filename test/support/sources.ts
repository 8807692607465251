// Source files of the project and their imports, read from their text. Relies on prettier's form,
// which `npm run check` enforces.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOT_OURS: ReadonlySet<string> = new Set(['node_modules', 'coverage', 'dist', 'generated']);

/** One import: a package's name, `node:…`, or a path from the project's root without its ending. */
export type Import = { file: string; path: string; typesOnly: boolean };

/** Text of a file, by its path from the root. */
export function readSource(file: string): string {
  return readFileSync(posix.join(ROOT, file), 'utf8');
}

/** Names of the folders at the root, without hidden ones. */
export function topFolders(): string[] {
  return entriesOf('').flatMap(({ name, isFolder }) => (isFolder ? [name] : []));
}

/** Every file below `folder` with one of these endings, as a path from the root. */
export function filesBelow(folder: string, ...endings: string[]): string[] {
  const wanted = endings.length > 0 ? endings : ['.ts', '.tsx'];
  return entriesOf(folder).flatMap(({ name, isFolder }) => {
    const path = posix.join(folder, name);
    if (isFolder) return filesBelow(path, ...wanted);
    return wanted.some((ending) => name.endsWith(ending)) ? [path] : [];
  });
}

function entriesOf(folder: string): { name: string; isFolder: boolean }[] {
  return readdirSync(posix.join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !NOT_OURS.has(name))
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
}

/**
 * Matches `import … from`, `export … from` and bare `import` at the beginning of a line, and
 * `import(…)` anywhere.
 */
const IMPORT = /^(?:import|export)( type)?\s(?:[^;]*?\sfrom )?'([^']+)';|\bimport\('([^']+)'\)/gm;

export function importsOf(file: string): Import[] {
  return Array.from(readSource(file).matchAll(IMPORT), ([, type, path, dynamic]) => {
    const named = path ?? dynamic!;
    const resolved = named.startsWith('.')
      ? posix.join(posix.dirname(file), named).replace(/\.tsx?$/, '')
      : named;
    return { file, path: resolved, typesOnly: type !== undefined };
  });
}

/**
 * Table rows under a heading of docs/LOOKUP.md with code in the first cell, without backticks.
 */
export function tableRows(heading: string): string[][] {
  const section = readSource('docs/LOOKUP.md')
    .split(/^##+ /m)
    .find((part) => part.startsWith(heading));
  const lines = (section ?? '').split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) =>
    line
      .replaceAll('`', '')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Matches every form of a statement that writes a table. */
export const writes = (table: string): RegExp =>
  new RegExp(
    `\\b(insert\\s+into|update|delete\\s+from|merge\\s+into|truncate|copy)\\s+(only\\s+)?"?${table}\\b`,
    'i',
  );

/** What a file says outside of comments, where a sentence may speak of updating slots. */
export function codeOf(file: string): string {
  return readSource(file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '');
}
