// Pages as a resource: their routes, and the operation of `/` for the OpenAPI document. The console
// and the portal are no part of the API.
import { z } from 'zod';
import { defineResource } from '../http/resource.ts';
import { PLACES } from './pages.html.ts';
import { addPageRoutes } from './pages.routes.ts';

const places = z
  .object({ name: z.string() })
  .extend(Object.fromEntries(Object.keys(PLACES).map((name) => [name, z.string()])));

export const pagesResource = defineResource({
  tag: 'This API',
  addRoutes: addPageRoutes,
  operations: {
    'GET /': {
      id: 'getStart',
      summary: 'Where to go',
      who: 'anybody',
      answers: {
        200: {
          description: 'a page for people, or the same for programs',
          content: {
            'application/json': places,
            'text/html': z.string().meta({ examples: ['<!doctype html>…'] }),
          },
        },
      },
    },
  },
});
