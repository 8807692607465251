// Generates the types of the API from its OpenAPI document, so that pages compile only against
// routes and fields that exist: node --import ./typescript.mjs console/generate-types.ts
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { createDocument } from '../api/openapi/document.ts';
import { RESOURCES } from '../api/resources.ts';

const FILE = fileURLToPath(new URL('generated/api.ts', import.meta.url));
const HEAD = '// Types of the API, generated from its OpenAPI document. Not committed.\n';

const document = createDocument('http://127.0.0.1:8080', RESOURCES);
// The console asks for JSON: of an answer that is CSV too it knows no other form.
for (const { responses } of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
  for (const response of Object.values(responses)) {
    const json = response.content?.['application/json'];
    if (json !== undefined) response.content = { 'application/json': json };
  }
const types = await openapiTS(JSON.stringify(document), { alphabetize: true });
const text = HEAD + astToString(types);
if (text !== present()) {
  mkdirSync(fileURLToPath(new URL('generated', import.meta.url)), { recursive: true });
  writeFileSync(FILE, text);
}

function present(): string | null {
  try {
    return readFileSync(FILE, 'utf8');
  } catch {
    return null;
  }
}
