// `npm run test:schemathesis`: lets Schemathesis generate requests from the OpenAPI document and
// search for undocumented answers. Runs on a stack of its own, whose worker can call only the
// bundled receiver. Further arguments go to `schemathesis run`. `SCHEMATHESIS`: path of the program
// when it is not in `PATH`. Exit code 1 when something is found, or when the program could not run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { withOwnStack } from '../../bench/own-stack.ts';
import { freePort } from '../support/ports.ts';
import { seed } from './seed.ts';

const SECONDS = 60;
/** The run ends by itself after its seconds, plus the current check. */
const TIMEOUT_MS = 4 * SECONDS * 1000;
const [CONFIG, HOOKS] = ['schemathesis.toml', 'hooks.py'].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);

const port = String(await freePort());
const receiverOnly = { RECEIVER_PORT: port, ALLOW_ENDPOINT_PORTS: port, DEMO: '1' };
const withCodec = { TEMPORAL_CODEC_KEY: Buffer.alloc(32, 7).toString('base64') };
process.exitCode = await withOwnStack(
  async (stack) => {
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
      // Files of the run are deleted with the stack's folder.
      cwd: stack.dataDir,
      env: { ...process.env, ...known, SCHEMATHESIS_HOOKS: HOOKS },
      timeout: TIMEOUT_MS,
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  },
  { ...receiverOnly, ...withCodec },
);
