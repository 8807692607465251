// The redirect and the capture script as a resource: its routes, and its operations for the OpenAPI
// document.
import { z } from 'zod';
import { bySub } from '../../domain/types.ts';
import type { Operation } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addRedirectRoutes } from './redirect.routes.ts';

const visit: Omit<Operation, 'id' | 'summary'> = {
  who: 'anybody',
  query: z.looseObject({
    ...bySub(() => z.string().optional()),
    to: z
      .string()
      .optional()
      .meta({ description: 'a page behind the landing page, on a host of `deep_link_hosts`; or `url`' }),
  }),
  answers: {
    302: {
      description: 'to the landing page',
      headers: { location: 'the page, which learns the click’s id' },
    },
  },
  refusals: ['gone', 'unavailable'],
};

export const redirectResource = defineResource({
  tag: 'Links and clicks',
  addRoutes: addRedirectRoutes,
  operations: {
    'GET /c/:id': { id: 'followLink', ...visit, summary: 'Follow a link' },
    'HEAD /c/:id': { id: 'checkLink', ...visit, summary: 'Where a link leads; counts no click' },
    'POST /c/:id/seen': {
      id: 'confirmClick',
      summary: 'The capture script’s word that a click arrived',
      who: 'anybody',
      answers: { 204: { description: 'always' } },
    },
    'GET /capture.js': {
      id: 'getCaptureScript',
      summary: 'The script for every page of the operator’s site',
      who: 'anybody',
      headers: { 'if-none-match': 'the `etag` of what the browser has' },
      answers: {
        200: {
          description: 'the script',
          content: { 'text/javascript': z.string().meta({ examples: ['(function () {…})();'] }) },
        },
        304: { description: 'unchanged' },
      },
    },
  },
});
