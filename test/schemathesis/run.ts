// `npm run test:schemathesis`: lets Schemathesis, which makes requests from the OpenAPI document, find answers that the document does not
// promise. On a stack of its own, whose worker can call nothing but the bundled receiver. Further arguments go to `schemathesis run`.
// `SCHEMATHESIS` names the program where it is not in `PATH`. Exits with 1 when something is found, or when it could not look.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { withOwnStack } from '../../bench/own-stack.ts';
import { freePort } from '../support/ports.ts';
import { seed } from './seed.ts';

const SECONDS = 60;
/** It stops by itself after its seconds, give or take what it is at. */
const LONGEST_MS = 4 * SECONDS * 1000;
const [CONFIG, HOOKS] = ['schemathesis.toml', 'hooks.py'].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);

const port = String(await freePort());
const receiverOnly = { RECEIVER_PORT: port, ALLOW_ENDPOINT_PORTS: port, DEMO: '1' };
process.exitCode = await withOwnStack(async (stack) => {
  const known = await seed(stack);
  const what = ['--max-time', String(SECONDS), '--seed', '1', '--generation-database', 'none'];
  const args = [
    '--config-file',
    CONFIG!,
    'run',
    `${stack.apiUrl}/openapi.json`,
    '--url',
    stack.apiUrl,
    ...what,
  ];
  const child = spawn(process.env.SCHEMATHESIS ?? 'schemathesis', [...args, ...process.argv.slice(2)], {
    stdio: 'inherit',
    // Whatever it leaves behind goes with the stack's folder.
    cwd: stack.dataDir,
    env: { ...process.env, ...known, SCHEMATHESIS_HOOKS: HOOKS },
    timeout: LONGEST_MS,
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}, receiverOnly);
