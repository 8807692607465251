// Reference of the API with search and a form to try each operation: Scalar’s viewer, served from
// here, and its page.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { stylePolicy } from '../http/security-headers.ts';

/** Where `local/fetch-reference.mjs` puts the viewer; the version is in its name. */
export const VIEWER = 'scalar-1.76.0.js';
const FILE = fileURLToPath(new URL(`built/${VIEWER}`, import.meta.url));
const NONCE_BYTES = 16;

export type Viewer = { plain: Buffer; gzipped: Buffer };

/**
 * Nothing of it leaves this address: no fonts, no proxy, no counting, no services of its makers.
 */
const SETTINGS = {
  url: 'openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: '',
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
};

/** The viewer, or null where it was not fetched. */
export async function readViewer(): Promise<Viewer | null> {
  const plain = await readFile(FILE).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return plain && { plain, gzipped: await promisify(gzip)(plain) };
}

/**
 * The page, and its policy: scripts by a nonce only, calls and images of this address only. Styles
 * may stand inline, which the viewer cannot do without; they can load nothing from elsewhere.
 */
export function referencePage(title: string): { html: string; policy: string } {
  const nonce = randomBytes(NONCE_BYTES).toString('base64');
  return {
    policy:
      `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'unsafe-inline'; img-src 'self' data:; ` +
      `font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    html: page(
      title,
      `<div id="reference"></div>
<script src="reference/${VIEWER}" nonce="${nonce}"></script>
<script nonce="${nonce}">Scalar.createApiReference('#reference', ${JSON.stringify(SETTINGS)})</script>`,
    ),
  };
}

export const MISSING_POLICY = `${stylePolicy('')}; frame-ancestors 'none'`;

export function missingPage(title: string): string {
  return page(
    title,
    `<p>The viewer of this page is not there: run <code>node local/fetch-reference.mjs</code>, or <code>npm start</code>,
which fetches it. <a href="docs">The same without it</a>.</p>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${title}</title></head><body>
${body}
</body></html>
`;
}
