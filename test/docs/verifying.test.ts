// The programs of docs/VERIFYING.md and the official libraries of Standard Webhooks judge requests
// that were sent over a wire.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { createGuard } from '../../delivery/guard.ts';
import { render } from '../../delivery/render.ts';
import { createSender } from '../../delivery/send.ts';
import { makeSecret, newKeyPair, newSecret, signingKey } from '../../delivery/sign.ts';
import { pythonWith } from '../support/python.ts';
import { startReceiver, type ReceivedRequest } from '../support/faulty-receiver.ts';
import { readSource } from '../support/sources.ts';

/** A request as a receiver sees it, the receiver's key, and whether the request is genuine. */
type Case = {
  name: string;
  key: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  genuine: boolean;
};

const PYTHON_PACKAGES = ['standardwebhooks==1.1.0', 'cryptography==50.0.2'];
const BODY = JSON.stringify({
  type: 'conversion.created',
  timestamp: '2026-11-22T10:00:00Z',
  data: { click_id: 'žluť/1&x=y', sub1: '🐎 "quoted"', payout: '200.00' },
});

let cases: Case[];
let folder: string;
let python: string | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postrider-verifying-'));
  cases = await sentCases();
  python = await pythonWith(PYTHON_PACKAGES);
});
after(() => rm(folder, { recursive: true, force: true }));

/** Sends real postbacks and returns the received requests, genuine and forged. */
async function sentCases(): Promise<Case[]> {
  const receiver = await startReceiver({ handler: (_, response) => void response.end() });
  const sender = createSender(
    createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false }),
  );
  const [shared, older, pair] = [makeSecret('v1'), newSecret(), makeSecret('v1a')];

  async function send(
    method: 'POST' | 'GET',
    secrets: readonly string[],
    nowMs = Date.now(),
  ): Promise<ReceivedRequest> {
    const url = `${receiver.url}/in/{click_id}?c={click_id}&s={sub1}&p={payout}`;
    const recipient = {
      url,
      method,
      body: 'json',
      headers: {},
      signing: 'v1',
      secrets: secrets.map(signingKey),
    } as const;
    const outcome = await sender.send(
      render({ id: 'dlv_1', type: 'conversion.created', body: BODY, try: 1 }, recipient, nowMs),
    );
    assert.equal(outcome.kind, 'answered');
    return receiver.requests.at(-1)!;
  }

  const found: Case[] = [];
  const add = (
    name: string,
    key: string,
    { method, path, headers, body }: ReceivedRequest,
    genuine: boolean,
  ): void =>
    void found.push({ name, key, method, url: `http://${headers['host']}${path}`, headers, body, genuine });
  const spoil = (name: string, key: string, request: ReceivedRequest): void => {
    const { headers } = request;
    add(
      `${name}, another path or query`,
      key,
      { ...request, path: request.path.replace('200.00', '900.00') },
      request.method === 'POST',
    );
    add(`${name}, another body`, key, { ...request, body: `${request.body} ` }, request.method === 'GET');
    add(`${name}, another id`, key, { ...request, headers: { ...headers, 'webhook-id': 'dlv_2' } }, false);
    add(
      `${name}, no signature`,
      key,
      { ...request, headers: { ...headers, 'webhook-signature': '' } },
      false,
    );
    const garbage = 'v1 v1, v1a, v1a,AAAA v1,!!! v2,x';
    add(
      `${name}, garbage`,
      key,
      { ...request, headers: { ...headers, 'webhook-signature': garbage } },
      false,
    );
    add(`${name}, no time`, key, { ...request, headers: { ...headers, 'webhook-timestamp': '' } }, false);
  };
  for (const method of ['POST', 'GET'] as const) {
    for (const [version, { secret, publicKey }] of [
      ['v1', shared],
      ['v1a', pair],
    ] as const) {
      const key = publicKey ?? secret;
      const request = await send(method, [secret]);
      add(`${method} ${version}`, key, request, true);
      spoil(`${method} ${version}`, key, request);
      add(
        `${method} ${version}, another key`,
        publicKey === null ? newSecret() : newKeyPair().publicKey,
        request,
        false,
      );
      add(
        `${method} ${version}, six minutes old`,
        key,
        await send(method, [secret], Date.now() - 360_000),
        false,
      );
      const rotating = await send(method, [secret, pair.secret, older]);
      for (const holder of [key, pair.publicKey!, older])
        add(`${method} while ${version} is rotated`, holder, rotating, true);
    }
  }
  await sender.close();
  await receiver.close();
  return found;
}

/** Program of a language: the first block of that language in the document. */
function programIn(language: string): string {
  const [, program] =
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(readSource('docs/VERIFYING.md')) ?? [];
  assert.ok(program !== undefined, `docs/VERIFYING.md has a program in ${language}`);
  return program;
}

/**
 * Runs a command with these cases as JSON on its standard input; returns the JSON it prints.
 * Undefined when the command is not installed.
 */
async function answersOf(command: readonly string[], given: readonly Case[], cwd = folder): Promise<unknown> {
  const child = spawn(command[0]!, command.slice(1), {
    cwd,
    signal: AbortSignal.timeout(240_000),
    env: { ...process.env, GOTOOLCHAIN: 'local', GO111MODULE: 'off' },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(given));
  const code = await new Promise<number | string | null>((resolve) => {
    child.once('error', ({ code: reason }: NodeJS.ErrnoException) => resolve(reason ?? 'failed'));
    child.once('close', resolve);
  });
  if (code === 'ENOENT') return undefined;
  assert.equal(code, 0, err);
  return JSON.parse(out) as unknown;
}

/**
 * Writes files into a temporary folder and lets a command judge every case. Skips, with a note,
 * where the language is not installed.
 */
async function judge(
  t: TestContext,
  files: Record<string, string>,
  command: readonly string[],
  given: readonly Case[],
): Promise<void> {
  const own = await mkdtemp(join(folder, 'program-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(own, name), text);
  const answers = await answersOf(command, given, own);
  if (answers === undefined) return t.skip(`${command[0]} is not here`);
  assert.deepEqual(
    given.map(({ name }, index) => `${name}: ${(answers as boolean[])[index]}`),
    given.map(({ name, genuine }) => `${name}: ${genuine}`),
  );
}

const NODE = `
import { readFileSync } from 'node:fs';
import { isGenuine } from './verify.mjs';
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((one) => isGenuine(one.key, one))));
`;

const PYTHON = `
import json, sys
from verify import is_genuine
cases = json.load(sys.stdin.buffer)
print(json.dumps([is_genuine(c["key"], c["method"], c["url"], c["headers"], c["body"]) for c in cases]))
`;

const PHP = `<?php
require __DIR__ . '/verify.php';
$cases = json_decode(file_get_contents('php://stdin'), true);
echo json_encode(array_map(
  fn ($c) => isGenuine($c['key'], $c['method'], $c['url'], $c['headers'], $c['body']),
  $cases
));
`;

const GO = `package main

import (
	"encoding/json"
	"os"
)

func main() {
	var cases []struct {
		Key, Method, URL, Body string
		Headers                map[string]string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	answers := []bool{}
	for _, c := range cases {
		header := func(name string) string { return c.Headers[name] }
		answers = append(answers, IsGenuine(c.Key, c.Method, c.URL, header, c.Body))
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}
`;

/** Used as a receiver would: with a payload, and without parsing. */
const PYTHON_LIBRARY = `
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
def judged(c):
    payload = "GET " + c["url"] if c["method"] == "GET" else c["body"]
    try:
        Webhook(c["key"]).verify(payload, c["headers"], json_parse=False)
        return True
    except WebhookVerificationError:
        return False
print(json.dumps([judged(c) for c in json.load(sys.stdin.buffer)]))
`;

describe('a receiver that follows docs/VERIFYING.md', () => {
  test('the Node receiver of docs/VERIFYING.md accepts exactly the genuine requests', (t) =>
    judge(t, { 'verify.mjs': programIn('js'), 'run.mjs': NODE }, [process.execPath, 'run.mjs'], cases));

  test('the Python receiver of docs/VERIFYING.md accepts exactly the genuine requests', (t) => {
    if (python === undefined) return t.skip('python3 is not here');
    return judge(t, { 'verify.py': programIn('python'), 'run.py': PYTHON }, [python, 'run.py'], cases);
  });

  test('the PHP receiver of docs/VERIFYING.md accepts exactly the genuine requests', (t) =>
    judge(t, { 'verify.php': programIn('php'), 'run.php': PHP }, ['php', 'run.php'], cases));

  test('the Go receiver of docs/VERIFYING.md accepts exactly the genuine requests', (t) =>
    judge(t, { 'verify.go': programIn('go'), 'main.go': GO }, ['go', 'run', 'main.go', 'verify.go'], cases));
});

describe('the official library of Standard Webhooks', () => {
  // The libraries reject a header with entries that are no signatures, and do not know v1a.
  const known = (): Case[] =>
    cases.filter(({ key, name }) => key.startsWith('whsec_') && !name.endsWith('garbage'));

  test('the official Node library accepts exactly genuine v1 requests', () => {
    for (const { name, key, method, url, headers, body, genuine } of known()) {
      const check = (): void =>
        void new Webhook(key).verify(method === 'GET' ? `GET ${url}` : body, headers, { jsonParse: false });
      if (genuine) assert.doesNotThrow(check, name);
      else assert.throws(check, name);
    }
  });

  test('the official Python library accepts exactly genuine v1 requests', (t) => {
    if (python === undefined) return t.skip('python3 is not here');
    return judge(t, { 'run.py': PYTHON_LIBRARY }, [python, 'run.py'], known());
  });
});
