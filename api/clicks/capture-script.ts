// Reads the capture script for operators' sites once, without comments and indents, with its ETag.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The script as served, and the ETag of its content. */
type CaptureScript = { text: string; etag: string };

export function readCaptureScript(): CaptureScript {
  const source = readFileSync(new URL('public/capture.js', import.meta.url), 'utf8');
  const lines = source.split('\n').map((line) => line.trim());
  const text = lines.filter((line) => line !== '' && !line.startsWith('//')).join('\n');
  return { text: `${text}\n`, etag: `"${hash('sha256', text, 'base64url').slice(0, 16)}"` };
}
