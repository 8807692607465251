// Chromium for tests: where it is, how it is started, and what a test without it says.
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const program = process.env['CHROMIUM_PATH'] ?? PROGRAMS.find((path) => existsSync(path));

/** For `skip` of a test: false where there is a browser. */
export const noBrowser =
  program === undefined
    ? 'there is no Chromium here: install Debian’s chromium, or set CHROMIUM_PATH'
    : false;

/** As root Chromium runs without its sandbox only. It calls nobody by itself. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function startBrowser(...more: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: program!, args: [...ARGS, ...more] });
}
