// HTML that the API writes itself: where to go from `/`, and a console that is not built.
import { stylePolicy } from '../http/security-headers.ts';

const STYLE = `
:root { color-scheme: light dark }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 44rem; margin: 12vh auto 3rem; padding: 0 1rem }
dt { margin-top: 1rem; font-weight: 600 } dd { margin: 0 } code { background: #8882; padding: 0 .25rem; border-radius: 3px }`;

export const OWN_PAGE_POLICY = `${stylePolicy(STYLE)}; frame-ancestors 'none'`;

/** Addresses of this API that a person may want, and what is there. */
export const PLACES = {
  console: { path: '/console', about: 'for the operator: what happened, what is stuck, who earned what' },
  portal: { path: '/portal', about: 'for affiliates, by a link that their operator makes' },
  docs: { path: '/docs', about: 'every operation of the API' },
  reference: { path: '/reference', about: 'the same, to search and to try' },
  openapi: { path: '/openapi.json', about: 'the same for programs' },
  health: { path: '/readyz', about: 'whether the database and Temporal answer' },
} as const;

export const START_PAGE = page(
  'Postrider',
  `<p>Conversion events in, commission booked to the cent, signed postbacks out.</p>
<dl>
${Object.values(PLACES)
  .map(({ path, about }) => `<dt><a href="${path}">${path}</a></dt><dd>${about}</dd>`)
  .join('\n')}
</dl>
<p>The next step is in <code>README.md</code>: <em>Your own operator</em>. The console takes an operator’s API key, or
the administrator token, which <code>npm start</code> prints or keeps in its data directory.</p>`,
);

export const NOT_BUILT_PAGE = page(
  'The console is not built',
  `<p>Run <code>npm run console:build</code>, or <code>npm start</code>, which builds it when it is missing. Then load
this page again.</p>`,
);

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>
${body}
</main></body></html>
`;
}
