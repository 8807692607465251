// CPU profiles of the API's and the worker's main threads while something is measured
// (`--profile`): one file per process, which Chrome's developer tools read.
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ProcessIds } from './cpu.ts';

const FOLDER = fileURLToPath(new URL('results/profiles', import.meta.url));
const PRELOAD = pathToFileURL(fileURLToPath(new URL('profile.mjs', import.meta.url))).href;

/** A profile of a minute takes seconds to write. */
const WRITING_MS = 5000;

let isOn = false;

/** Makes processes that start from now on able to be profiled. */
export function enableProfiles(): void {
  isOn = true;
  mkdirSync(FOLDER, { recursive: true });
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --import ${PRELOAD}`.trim();
}

/** Profiles the processes during `work`, where profiles are wanted. */
export async function profiled<T>(
  pids: Pick<ProcessIds, 'api' | 'worker'>,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!isOn) return work();
  const toggle = (): void => [pids.api, pids.worker].forEach((pid) => process.kill(pid, 'SIGWINCH'));
  toggle();
  try {
    return await work();
  } finally {
    toggle();
    await sleep(WRITING_MS);
    console.log(`profiles of ${name} are in ${FOLDER}`);
  }
}
