// Links as a resource: its routes, and its operations for the OpenAPI document.
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './links.answers.ts';
import { addLinkRoutes } from './links.routes.ts';
import { linkChange, linkFilter, newLink } from './links.schema.ts';

export const linksResource = defineResource({
  tag: 'Links and clicks',
  addRoutes: addLinkRoutes,
  names: {
    Link: answers.link,
  },
  operations: {
    'POST /v1/links': {
      summary: 'Make a link for an affiliate',
      who: 'manage',
      body: jsonRequest(newLink),
      answers: { 201: jsonAnswer(answers.link, 'made') },
      refusals: ['not_possible'],
    },
    'GET /v1/links': {
      summary: 'List links',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: linkFilter,
      answers: { 200: listAnswer(answers.link) },
    },
    'GET /v1/links/:id': {
      summary: 'A link',
      who: 'read',
      own: { scope: 'own:read', path: 'link' },
      answers: { 200: jsonAnswer(answers.link) },
    },
    'PATCH /v1/links/:id': {
      summary: 'Change where a link leads, or turn it off',
      description: 'Visitors notice within ten seconds.',
      who: 'manage',
      body: jsonRequest(linkChange),
      answers: { 200: jsonAnswer(answers.link) },
    },
  },
});
