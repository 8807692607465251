// Event types of an operator as a resource: its routes, and its operations for the OpenAPI
// document.
import { plainPage } from '../http/lists.ts';
import { deleted, jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './event-types.answers.ts';
import { addEventTypeRoutes } from './event-types.routes.ts';
import { newEventType } from './event-types.schema.ts';

export const eventTypesResource = defineResource({
  tag: 'Setup',
  addRoutes: addEventTypeRoutes,
  names: {
    EventType: answers.eventType,
  },
  operations: {
    'POST /v1/event-types': {
      id: 'createEventType',
      summary: 'Add a name of the operator’s own for a standard event',
      who: 'manage',
      body: jsonRequest(newEventType, { name: 'first_deposit', standard: 'ftd' }),
      answers: {
        201: jsonAnswer(answers.eventType, 'added'),
        200: jsonAnswer(answers.eventType, 'there already'),
      },
      refusals: ['conflict'],
    },
    'GET /v1/event-types': {
      id: 'listEventTypes',
      summary: 'List the operator’s own names',
      who: 'read',
      query: plainPage,
      answers: { 200: listAnswer(answers.eventType) },
    },
    'DELETE /v1/event-types/:name': {
      id: 'deleteEventType',
      summary: 'Remove a name, by itself or its id',
      who: 'manage',
      answers: deleted,
    },
  },
});
