// Clients that the usual generators make of the OpenAPI document: they compile, their functions
// have good names, and a wrong event or error code is seen by the compiler.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDocument } from '../../../api/openapi/document.ts';
import { RESOURCES } from '../../../api/resources.ts';

const PACKAGES = fileURLToPath(new URL('../../clients/', import.meta.url));
const GENERATED_WITHIN_MS = 120_000;
const run = promisify(execFile);

/** Within the folder of the packages, so that the programs find them. */
let folder: string;

before(async () => {
  folder = await mkdtemp(join(PACKAGES, 'generated-'));
  await writeFile(
    join(folder, 'openapi.json'),
    JSON.stringify(createDocument('http://track.example', RESOURCES)),
  );
});
after(() => rm(folder, { recursive: true }));

/** Runs a program of the packages in the folder. Rejects with what it printed. */
async function program(name: string, ...args: string[]): Promise<void> {
  const file = join(PACKAGES, 'node_modules', name);
  await run(process.execPath, [file, ...args], { cwd: folder, timeout: GENERATED_WITHIN_MS }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) =>
      assert.fail(`${name} ${args.join(' ')}\n${stdout}${stderr}`),
  );
}

const STRICT = '--noEmit --strict --skipLibCheck --target es2022 --module esnext --moduleResolution bundler';
const compile = (file: string): Promise<void> => program('typescript/bin/tsc', ...STRICT.split(' '), file);

describe('openapi-typescript', () => {
  test('makes types with which openapi-fetch compiles, and which know the events and error codes', async () => {
    await program('openapi-typescript/bin/cli.js', 'openapi.json', '--output', 'api.ts');
    await writeFile(
      join(folder, 'fetching.ts'),
      `import createClient from 'openapi-fetch';
import type { components, operations, paths } from './api';

const api = createClient<paths>({ baseUrl: 'http://track.example', headers: { authorization: 'Bearer pk_…' } });
const event = { transaction_id: 't-1', customer_id: 'carla', amount: '500.00', currency: 'USD' };
export async function send(): Promise<string | undefined> {
  const { data, error } = await api.POST('/v1/events', { body: { event: 'ftd', ...event } });
  if (error?.error.code === 'conflict') return undefined;
  // @ts-expect-error: no such code
  if (error?.error.code === 'conflikt') return undefined;
  // @ts-expect-error: no such event
  await api.POST('/v1/events', { body: { event: 'first_deposit', ...event } });
  return data && 'id' in data ? data.id : undefined;
}
export type Sent = operations['sendEvent']['requestBody'];
export const trace = (one: components['schemas']['Trace']): string => one.event.event;
`,
    );
    await compile('fetching.ts');
    assert.match(
      await readFile(join(folder, 'api.ts'), 'utf8'),
      /@description what the customer did, in any case/,
    );
  });
});

describe('@hey-api/openapi-ts', () => {
  test('makes functions with good names that compile', async () => {
    await program(
      '@hey-api/openapi-ts/bin/run.js',
      '-i',
      'openapi.json',
      '-o',
      'hey',
      '-c',
      '@hey-api/client-fetch',
    );
    await writeFile(
      join(folder, 'calling.ts'),
      `import { getEvent, listCommissions, sendEvent } from './hey';

const options = { baseUrl: 'http://track.example', auth: 'pk_…' };
export async function send(): Promise<void> {
  const event = { transaction_id: 't-1', customer_id: 'carla', amount: '500.00', currency: 'USD' };
  const { data } = await sendEvent({ ...options, body: { event: 'ftd', ...event } });
  // @ts-expect-error: no such event
  await sendEvent({ ...options, body: { event: 'first_deposit', ...event } });
  if (data && 'id' in data && data.id) await getEvent({ ...options, path: { id: data.id } });
  const { data: page } = await listCommissions({ ...options, query: { state: 'pending', limit: 10 } });
  console.log(page?.data.map(({ amount, currency }) => amount + currency));
}
`,
    );
    await compile('calling.ts');
  });
});
