// Importing a postback URL that was written for another platform: answers the same URL in our macros. Nothing is stored.
import type { Router } from 'express';
import { translate } from '../../domain/delivery/dialects/translation.ts';
import type { Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { addResource } from '../http/resource.ts';
import { checkEndpoint, endpointImport, type EndpointRules } from './endpoints.schema.ts';
import { invalid, read } from '../http/read.ts';

/** Must be added before `/v1/endpoints/:id`, which would take `import` for an id. */
export function addEndpointImportRoute(
  router: Router,
  { auth, rules }: { auth: Auth; rules: EndpointRules },
): void {
  addResource(router, '/v1/endpoints/import', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { dialect, url } = read(endpointImport, req.body);
        const result = translate(url, dialect);
        if (result.kind === 'refused')
          throw invalid([{ path: result.about, code: result.code, message: result.message }]);
        const { translation } = result;
        await checkEndpoint({ url: translation.url }, rules);
        // All of these platforms call by GET unless told otherwise, and what reads their postbacks expects it.
        res.json({ ...translation, method: 'GET' });
      },
    ],
  });
}
