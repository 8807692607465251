// HTML page of the OpenAPI document, with its own style, without scripts or external resources.
import { stylePolicy } from '../http/security-headers.ts';
import { anchor, code, escape, link, prose, row, table } from './html.ts';
import { schemaTable, typeHtml } from './schema-table.ts';
import type { JsonSchema } from './schemas.ts';
import type { DocumentedOperation, Media, OpenApiDocument } from './types.ts';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem }
summary { cursor: pointer } summary b { display: inline-block; min-width: 4.2rem } summary span { float: right; opacity: .75 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-top: 1px solid var(--line) }
pre { background: var(--soft); padding: .6rem; overflow: auto; max-height: 28rem } code { background: var(--soft); padding: 0 .2rem }
td:last-child, summary, p { overflow-wrap: anywhere } td:nth-child(3) { white-space: nowrap }
@media (max-width: 45rem) { td, td:nth-child(3) { overflow-wrap: anywhere; white-space: normal } }
nav a { margin-right: 1rem }`;

/** The policy of the page: its own style, no frames, nothing else. */
export const PAGE_POLICY = `${stylePolicy(STYLE)}; frame-ancestors 'none'`;

export function pageOf(document: OpenApiDocument): string {
  const { info, tags, paths, webhooks, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return section(
      name,
      own
        .map(({ path, method, operation }) => operationHtml(path, method, operation, components.schemas))
        .join('\n'),
    );
  });
  const messages = Object.entries(webhooks).map(([type, { post }]) =>
    details(
      type,
      `<b>POST</b> <code>${escape(type)}</code> <span>${prose(post.summary)}</span>`,
      mediaHtml(post.requestBody.content),
    ),
  );
  const schemas = Object.entries(components.schemas).map(([name, schema]) =>
    details(name, code(name), schemaTable(schema)),
  );
  const names = [...tags.map(({ name }) => name), 'Webhooks', 'Schemas'];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(info.title)} ${escape(info.version)}: the API</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(info.title)} ${escape(info.version)}</h1>
${info.description
  .split('\n\n')
  .map((text) => `<p>${prose(text)}</p>`)
  .join('\n')}
<nav>${names.map((name) => `<a href="#${anchor(name)}">${escape(name)}</a>`).join(' ')} <a href="openapi.json">openapi.json</a> <a href="reference">try it</a></nav>
${sections.join('\n')}
${section('Webhooks', messages.join('\n'))}
${section('Schemas', schemas.join('\n'))}
</body>
</html>
`;
}

type Named = Readonly<Record<string, JsonSchema>>;

function operationHtml(path: string, method: string, operation: DocumentedOperation, schemas: Named): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const scope = operation['x-scope'];
  const title = `<b>${escape(method.toUpperCase())}</b> <code>${escape(path)}</code> <span>${prose(summary)}</span>`;
  const needs =
    scope === undefined
      ? 'Needs no key.'
      : scope === 'admin'
        ? 'Needs the administrator’s token.'
        : `Needs a key with the scope \`${scope}\`.`;
  const rows = parameters.map(({ name, in: place, required, description: about = '', schema }) =>
    row(code(name), typeHtml(schema), escape(required ? `${place}, required` : place), prose(about)),
  );
  const body = requestBody
    ? `<h4>Body${requestBody.required ? '' : ' (may be left out)'}</h4>${mediaHtml(requestBody.content, schemas)}`
    : '';
  const answers = Object.entries(responses).map(
    ([status, { description: meaning, content, ...response }]) => {
      // All refusals have one form.
      const isRefusal = response['x-error-codes'] !== undefined;
      const form = isRefusal ? ` ${link('Error')}` : '';
      return `<p><b>${escape(status)}</b> ${prose(meaning)}${form}</p>${isRefusal ? '' : mediaHtml(content ?? {})}`;
    },
  );
  return details(
    operationId,
    title,
    `${description ? `<p>${prose(description)}</p>` : ''}<p>${prose(needs)}</p>${rows.length > 0 ? table(['Parameter', 'Type', 'In', 'Meaning'], rows) : ''}${body}<h4>Answers</h4>${answers.join('')}`,
  );
}

/** `schemas`: what a body is made of is shown where the body is, not where it is named. */
function mediaHtml(content: Media, schemas: Named = {}): string {
  return Object.entries(content)
    .map(([type, { schema, example }]) => {
      const shown = schemas[String(schema['$ref']).split('/').at(-1)!] ?? schema;
      return `<p>${code(type)}</p>${schemaTable(shown)}<p>Example</p>${exampleHtml(example)}`;
    })
    .join('');
}

function exampleHtml(example: unknown): string {
  return `<pre>${escape(typeof example === 'string' ? example : JSON.stringify(example, null, 2))}</pre>`;
}

function section(name: string, content: string): string {
  return `<h2 id="${anchor(name)}">${escape(name)}</h2>\n${content}`;
}

function details(name: string, title: string, content: string): string {
  return `<details id="${anchor(name)}"><summary>${title}</summary>${content}</details>`;
}
