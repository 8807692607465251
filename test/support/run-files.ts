// Runs several test files in this process, one after the other, each as a suite with its path as
// name: hooks that a file registers run before and after its own tests.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { pathToFileURL } from 'node:url';

/** Paths are relative to the working directory. */
export async function runFiles(files: readonly string[]): Promise<void> {
  for (const file of files) {
    let hasLoaded = false;
    await describe(file, async () => {
      await import(pathToFileURL(file).href).finally(() => (hasLoaded = true));
    });
    assert.ok(hasLoaded, `${file} was not run`);
  }
}
