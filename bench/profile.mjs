// CPU profile of a process of the stack: loaded before its code, begins at a first SIGWINCH, and is
// written to `bench/results/profiles` at the second. Read it with Chrome's developer tools.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const folder = fileURLToPath(new URL('results/profiles', import.meta.url));
if (isMainThread) {
  const part = basename(dirname(process.argv[1] ?? 'node'));
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  let isRunning = false;
  process.on('SIGWINCH', async () => {
    isRunning = !isRunning;
    if (isRunning) return session.post('Profiler.start');
    const { profile } = await session.post('Profiler.stop');
    writeFileSync(join(folder, `${part}-${Date.now()}.cpuprofile`), JSON.stringify(profile));
  });
}
