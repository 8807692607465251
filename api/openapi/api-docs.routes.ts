// The API's own documentation: the OpenAPI document for programs, and a page for people. Both need
// no key.
import type { Router } from 'express';
import type { ApiConfig } from '../../config.ts';
import { notFound } from '../http/errors.ts';
import { addPath } from '../http/path.ts';
import type { Documented } from '../http/resource.ts';
import { createDocument } from './document.ts';
import { MISSING_POLICY, missingPage, readViewer, referencePage, type Viewer, VIEWER } from './reference.ts';
import { PAGE_POLICY, pageOf } from './page.ts';

const TITLE = 'Postrider: the API, to try';

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

  // Read at the first request; asked for again where it is missing.
  let read: Promise<Viewer | null> | undefined;
  const viewer = async () => {
    const found = await (read ??= readViewer());
    if (found === null) read = undefined;
    return found;
  };

  addPath(router, '/reference', {
    get: [
      async (_req, res) => {
        const isThere = (await viewer()) !== null;
        const { html, policy } = isThere
          ? referencePage(TITLE)
          : { html: missingPage(TITLE), policy: MISSING_POLICY };
        res.setHeader('content-security-policy', policy);
        res.setHeader('cache-control', 'no-store');
        res
          .status(isThere ? 200 : 404)
          .type('html')
          .send(html);
      },
    ],
  });

  addPath(router, `/reference/${VIEWER}`, {
    get: [
      async (req, res) => {
        const found = await viewer();
        if (found === null) throw notFound('viewer');
        res.setHeader('cache-control', 'public, max-age=31536000, immutable');
        res.vary('accept-encoding');
        const isGzipped = req.acceptsEncodings('gzip') !== false;
        if (isGzipped) res.setHeader('content-encoding', 'gzip');
        res.type('text/javascript').send(isGzipped ? found.gzipped : found.plain);
      },
    ],
  });
}

function makeDocs(publicUrl: string, resources: readonly Documented[]): { json: string; page: string } {
  const document = createDocument(publicUrl, resources);
  return { json: JSON.stringify(document), page: pageOf(document) };
}
