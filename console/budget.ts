// Budget of the first load: the build fails when the console or the portal would need more.
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Most that a first visit may load, compressed. */
export const BUDGET_KB = 130;

/** A file of the build; a chunk names the files that load with it and those that load later. */
export type BuiltFile = {
  source: string | Uint8Array;
  isEntry: boolean;
  imports: readonly string[];
  dynamicImports: readonly string[];
};

export type FirstLoad = { entry: string; kb: number };

/**
 * What a first visit of each entry loads: the entry with everything it imports, and the heaviest
 * of the pages that it may open with.
 */
export function firstLoads(files: ReadonlyMap<string, BuiltFile>): FirstLoad[] {
  const sizes = new Map([...files].map(([name, { source }]) => [name, gzipSync(source).length]));
  const bytes = (names: ReadonlySet<string>) =>
    [...names].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  return [...files].flatMap(([entry, file]) => {
    if (!file.isEntry) return [];
    const always = closure(files, [entry]);
    const opened = file.dynamicImports.map((page) => bytes(closure(files, [...always, page])));
    return [{ entry, kb: Math.max(bytes(always), ...opened) / 1000 }];
  });
}

function closure(files: ReadonlyMap<string, BuiltFile>, from: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    files.get(name)?.imports.forEach(visit);
  };
  from.forEach(visit);
  return found;
}

/** Fails the build over the budget, and prints the sizes otherwise. */
export function budget(): Plugin {
  return {
    name: 'first-load-budget',
    generateBundle(_options, bundle) {
      const files = new Map(
        Object.values(bundle).map((file): [string, BuiltFile] => {
          if (file.type === 'asset')
            return [file.fileName, { source: file.source, isEntry: false, imports: [], dynamicImports: [] }];
          const styles = [...(file.viteMetadata?.importedCss ?? [])];
          return [
            file.fileName,
            {
              source: file.code,
              isEntry: file.isEntry,
              imports: [...file.imports, ...styles],
              dynamicImports: file.dynamicImports,
            },
          ];
        }),
      );
      for (const { entry, kb } of firstLoads(files)) {
        const said = `${entry} loads ${kb.toFixed(1)} kB of at most ${BUDGET_KB} kB at first`;
        if (kb > BUDGET_KB) this.error(said);
        this.info(said);
      }
    },
  };
}
