// The API's own description: as OpenAPI for programs, as a page for people. No secret, so that nobody needs a key to read it.
import type { Router } from 'express';
import { createDocument } from '../openapi/document.ts';
import { PAGE_POLICY, pageOf } from '../openapi/page.ts';
import { addResource } from '../http/resource.ts';

export function addReferenceRoutes(router: Router, { publicUrl }: { publicUrl: string }): void {
  // Made when it is first asked for: most processes never are.
  let made: { json: string; page: string } | undefined;
  const reference = () => (made ??= makeReference(publicUrl));

  addResource(router, '/openapi.json', {
    get: [
      (_req, res) => {
        // Tools that run in browsers read it too.
        res.setHeader('access-control-allow-origin', '*');
        res.type('json').send(reference().json);
      },
    ],
  });

  addResource(router, '/docs', {
    get: [
      (_req, res) => {
        res.setHeader('content-security-policy', PAGE_POLICY);
        res.type('html').send(reference().page);
      },
    ],
  });
}

function makeReference(publicUrl: string): { json: string; page: string } {
  const document = createDocument(publicUrl);
  return { json: JSON.stringify(document), page: pageOf(document) };
}
