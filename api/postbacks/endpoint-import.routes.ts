// Route of endpoint import: translates a postback URL of another platform into our macros. Stores
// nothing.
import type { Router } from 'express';
import { translate } from '../../domain/delivery/dialects/translation.ts';
import type { Auth } from '../http/auth.ts';
import { jsonBody } from '../http/body.ts';
import { addPath } from '../http/path.ts';
import { invalid, read } from '../http/read.ts';
import { endpointImport } from './endpoint-import.schema.ts';
import { checkEndpoint, type EndpointRules } from './endpoint-check.ts';

/** Must be registered before `/v1/endpoints/:id`, which would match `import` as an id. */
export function addEndpointImportRoute(
  router: Router,
  { auth, endpointRules }: { auth: Auth; endpointRules: EndpointRules },
): void {
  addPath(router, '/v1/endpoints/import', {
    post: [
      auth.scope('manage'),
      ...jsonBody,
      async (req, res) => {
        const { dialect, url } = read(endpointImport, req.body);
        const result = translate(url, dialect);
        if (result.kind === 'refused')
          throw invalid([{ path: result.about, code: result.code, message: result.message }]);
        const { translation } = result;
        const warnings = await checkEndpoint({ url: translation.url }, endpointRules);
        // These platforms call by GET by default, and the receivers of their postbacks expect it.
        res.json({ ...translation, method: 'GET', warnings });
      },
    ],
  });
}
