// Endpoint tests as a resource: its routes, and its operations for the OpenAPI document.
import { action, jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './endpoint-test.answers.ts';
import { addEndpointTestRoute } from './endpoint-test.routes.ts';

export const endpointTestResource = defineResource({
  tag: 'Postbacks',
  addRoutes: addEndpointTestRoute,
  operations: {
    'POST /v1/endpoints/:id/test': {
      ...action(
        'testEndpoint',
        'Send a postback that means nothing, and tell how it went',
        jsonAnswer(answers.trial, 'phase by phase'),
        { scope: 'own:endpoints', path: 'endpoint' },
      ),
      refusals: [],
    },
  },
});
