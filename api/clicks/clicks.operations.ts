// Clicks as a resource: its routes, and its operations for the OpenAPI document.
import { exampleId } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './clicks.answers.ts';
import { addClickRoutes } from './clicks.routes.ts';
import { clickFilter, newClick } from './clicks.schema.ts';

export const clicksResource = defineResource({
  tag: 'Links and clicks',
  addRoutes: addClickRoutes,
  names: {
    Click: answers.click,
  },
  operations: {
    'POST /v1/clicks': {
      id: 'recordClick',
      summary: 'Tell of a click, also afterwards',
      description: '`clicked_at` is not before 2000, and at most a day ahead.',
      who: 'events:write',
      signable: true,
      body: jsonRequest(newClick, {
        link_id: exampleId('link'),
        clicked_at: '2026-11-22T09:58:00Z',
        sub1: 'campaign_spring',
      }),
      answers: {
        201: jsonAnswer(answers.keptClick, 'kept'),
        200: jsonAnswer(answers.keptClick, 'known already'),
      },
      refusals: ['conflict', 'not_possible'],
    },
    'GET /v1/clicks': {
      id: 'listClicks',
      summary: 'List clicks',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: clickFilter,
      answers: { 200: listAnswer(answers.click) },
    },
    'GET /v1/clicks/:id': {
      id: 'getClick',
      summary: 'A click',
      who: 'read',
      own: { scope: 'own:read', path: 'click' },
      answers: { 200: jsonAnswer(answers.click) },
    },
  },
});
