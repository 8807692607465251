// Sends from a process with an environment of its own, since Node reads authorities and proxies at
// start.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import { AUTHORITY } from './certificates.ts';

/** A send by a sender of its own. The host of the URL resolves to these addresses. */
export type Sent = { url: string; addresses?: string[] };

const fileOf = (module: string): string =>
  JSON.stringify(new URL(`../../delivery/${module}.ts`, import.meta.url).href);

/** Sends all at the same time from a process with these variables; gives the outcomes in order. */
export async function sendFrom(env: NodeJS.ProcessEnv, sends: readonly Sent[]): Promise<AttemptOutcome[]> {
  const script = `
    const { createGuard } = await import(${fileOf('guard')});
    const { createSender } = await import(${fileOf('send')});
    const send = async ({ url, addresses = ['127.0.0.1'] }) => {
      const lookUp = async () => ({ kind: 'found', addresses });
      const sender = createSender(createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false, lookUp }));
      const outcome = await sender.send({ url, method: 'GET', headers: {}, body: null });
      await sender.close();
      return outcome;
    };
    console.log(JSON.stringify(await Promise.all(${JSON.stringify(sends)}.map(send))));`;
  const args = ['--import', './typescript.mjs', '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
  return JSON.parse(stdout) as AttemptOutcome[];
}

/** As `sendFrom`, from a process that trusts the authority of the tests. */
export async function sendTrusting(sends: readonly Sent[]): Promise<AttemptOutcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-tls-'));
  const path = join(folder, 'authority.pem');
  await writeFile(path, AUTHORITY);
  try {
    return await sendFrom({ NODE_EXTRA_CA_CERTS: path }, sends);
  } finally {
    await rm(folder, { recursive: true });
  }
}
