// The session as a resource: its routes, and its operations for the OpenAPI document.
import { jsonAnswer, jsonRequest } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { session } from './session.answers.ts';
import { addSessionRoutes, signIn } from './session.routes.ts';

export const sessionResource = defineResource({
  tag: 'This API',
  addRoutes: addSessionRoutes,
  operations: {
    'POST /session': {
      id: 'createSession',
      summary: 'Sign in to the console or the portal',
      description:
        'Sets a cookie that lasts 12 hours, and no longer than the key. Requests under `/v1` may then come without ' +
        'the header `Authorization`, with `x-postrider-console: 1` in its place, from pages of this address only. ' +
        'The portal has a cookie of its own: it sends `x-postrider-portal`, as `1`, or as `framed` in a frame of ' +
        'another site, where the cookie is a partitioned one. Ten failed tries a minute are let in from one address.',
      who: 'anybody',
      body: jsonRequest(signIn, { api_key: 'pk_live_…' }),
      answers: { 201: jsonAnswer(session, 'signed in') },
      refusals: ['unauthorized', 'forbidden', 'https_required', 'rate_limited', 'unavailable'],
    },
    'GET /session': {
      id: 'getSession',
      summary: 'Who is signed in',
      description: 'By the cookie, or by the header `Authorization`.',
      who: 'anybody',
      answers: { 200: jsonAnswer(session) },
      refusals: ['unavailable'],
    },
    'DELETE /session': {
      id: 'deleteSession',
      summary: 'Sign out',
      who: 'anybody',
      answers: { 204: { description: 'nobody is signed in' } },
      refusals: ['forbidden', 'unavailable'],
    },
  },
});
