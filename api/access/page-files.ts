// Built files of the console and the portal: pages, and the assets that they load. Assets have
// their hash in their name, so that each is read and compressed once.
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export type Asset = { plain: Buffer; gzipped: Buffer | null };

export type PageFiles = {
  /** HTML of a page; null where the console is not built. */
  page(name: 'console' | 'portal'): Promise<string | null>;
  /** Null where there is no such file. */
  asset(name: string): Promise<Asset | null>;
};

/** No folder, and no hidden file. */
const ASSET_NAME = /^\w[\w.-]*$/;
/** Images and fonts are compressed already. */
const COMPRESSIBLE: ReadonlySet<string> = new Set(['.js', '.css', '.svg', '.json', '.map']);

const compress = promisify(gzip);

/** `folder` has `console.html`, `portal.html` and `assets/`. */
export function createPageFiles(folder: string): PageFiles {
  const assets = new Map<string, Promise<Asset | null>>();

  async function readAsset(name: string): Promise<Asset | null> {
    const plain = await orNull(readFile(join(folder, 'assets', name)));
    if (plain === null) return null;
    return { plain, gzipped: COMPRESSIBLE.has(extname(name)) ? await compress(plain) : null };
  }

  return {
    // Read each time: a page may be built anew, and names other assets then.
    page: (name) => orNull(readFile(join(folder, `${name}.html`), 'utf8')),
    async asset(name) {
      if (!ASSET_NAME.test(name)) return null;
      const known = assets.get(name);
      if (known !== undefined) return known;
      const asset = readAsset(name);
      assets.set(name, asset);
      // What is not there may be there after the next build.
      if ((await asset.catch(() => null)) === null) assets.delete(name);
      return asset;
    },
  };
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR') return null;
    throw error;
  }
}
