// The API's own documentation: the OpenAPI document for programs, and a page for people. Both need
// no key.
import type { Router } from 'express';
import type { ApiConfig } from '../../config.ts';
import { addPath } from '../http/path.ts';
import type { Documented } from '../http/resource.ts';
import { createDocument } from './document.ts';
import { PAGE_POLICY, pageOf } from './page.ts';

type Deps = { config: Pick<ApiConfig, 'publicUrl'>; resources: readonly Documented[] };

export function addApiDocsRoutes(router: Router, { config, resources }: Deps): void {
  // Made at the first request: most processes never get one.
  let made: { json: string; page: string } | undefined;
  const docs = () => (made ??= makeDocs(config.publicUrl, resources));

  addPath(router, '/openapi.json', {
    get: [
      (_req, res) => {
        // Tools that run in browsers read it too.
        res.setHeader('access-control-allow-origin', '*');
        res.type('json').send(docs().json);
      },
    ],
  });

  addPath(router, '/docs', {
    get: [
      (_req, res) => {
        res.setHeader('content-security-policy', PAGE_POLICY);
        res.type('html').send(docs().page);
      },
    ],
  });
}

function makeDocs(publicUrl: string, resources: readonly Documented[]): { json: string; page: string } {
  const document = createDocument(publicUrl, resources);
  return { json: JSON.stringify(document), page: pageOf(document) };
}
