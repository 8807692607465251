// Links as a resource: its routes, and its operations for the OpenAPI document.
import { exampleId } from '../http/answer-fields.ts';
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
      id: 'createLink',
      summary: 'Make a link for an affiliate',
      who: 'manage',
      body: jsonRequest(newLink, {
        affiliate_id: exampleId('aff'),
        landing_url: 'https://broker.example/start?cid={click_id}',
      }),
      answers: { 201: jsonAnswer(answers.link, 'made') },
      refusals: ['not_possible'],
    },
    'GET /v1/links': {
      id: 'listLinks',
      summary: 'List links',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: linkFilter,
      answers: { 200: listAnswer(answers.link) },
    },
    'GET /v1/links/:id': {
      id: 'getLink',
      summary: 'A link',
      who: 'read',
      own: { scope: 'own:read', path: 'link' },
      answers: { 200: jsonAnswer(answers.link) },
    },
    'PATCH /v1/links/:id': {
      id: 'updateLink',
      summary: 'Change where a link leads, or turn it off',
      description: 'Visitors notice within ten seconds.',
      who: 'manage',
      body: jsonRequest(linkChange, { state: 'off' }),
      answers: { 200: jsonAnswer(answers.link) },
    },
  },
});
