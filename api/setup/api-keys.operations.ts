// API keys as a resource: its routes, and its operations for the OpenAPI document.
import { plainPage } from '../http/lists.ts';
import { deleted, jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './api-keys.answers.ts';
import { addApiKeyRoutes } from './api-keys.routes.ts';
import { newKey } from './api-keys.schema.ts';

export const apiKeysResource = defineResource({
  tag: 'Setup',
  addRoutes: addApiKeyRoutes,
  names: {
    ApiKey: answers.apiKey,
  },
  operations: {
    'POST /v1/api-keys': {
      id: 'createApiKey',
      summary: 'Make a key',
      description:
        'A key with `affiliate_id` is for that affiliate. It opens the operations that have `x-own-scope`, and of them ' +
        'only what is the affiliate’s own. It makes at most 20 requests per second, unless it has a rate of its own.',
      who: 'manage',
      body: jsonRequest(newKey, {
        name: 'back office',
        scopes: ['read'],
        expires_at: '2027-12-31T00:00:00Z',
      }),
      answers: { 201: jsonAnswer(answers.newApiKey, 'made') },
      refusals: ['not_possible'],
    },
    'GET /v1/api-keys': {
      id: 'listApiKeys',
      summary: 'List keys',
      who: 'manage',
      query: plainPage,
      answers: { 200: listAnswer(answers.apiKey) },
    },
    'DELETE /v1/api-keys/:id': {
      id: 'revokeApiKey',
      summary: 'Revoke a key',
      who: 'manage',
      answers: deleted,
    },
  },
});
