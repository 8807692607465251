// Links to the portal as a resource: their route, and its operation for the OpenAPI document.
import { z } from 'zod';
import * as field from '../http/answer-fields.ts';
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addPortalRoutes } from './portal.routes.ts';

const link = z.object({
  url: field.text.meta({
    description:
      'the page with its token as `#token=…`: a bearer token of this API, with which `POST /session` begins a session',
  }),
  expires_at: field.time,
});

export const portalResource = defineResource({
  tag: 'Setup',
  addRoutes: addPortalRoutes,
  operations: {
    'POST /v1/affiliates/:id/portal': {
      id: 'createPortalLink',
      summary: 'Make a link to the portal of an affiliate',
      description:
        'Opens what is the affiliate’s own: for an hour by itself, for up to twelve hours by the session that the ' +
        'portal begins with it; both end with the key that made it. A suspended affiliate can read and change nothing; of a closed one there is none. Sites that `portal_origins` of the operator ' +
        'names may show it in a frame.',
      who: 'manage',
      answers: { 201: jsonAnswer(link, 'made') },
      refusals: ['not_possible'],
    },
  },
});
