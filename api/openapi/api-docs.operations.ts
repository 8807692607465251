// The API documentation as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addApiDocsRoutes } from './api-docs.routes.ts';
import { VIEWER } from './reference.ts';

export const apiDocsResource = defineResource({
  tag: 'This API',
  addRoutes: addApiDocsRoutes,
  operations: {
    'GET /openapi.json': {
      id: 'getOpenApi',
      summary: 'This document',
      who: 'anybody',
      answers: { 200: jsonAnswer(z.looseObject({ openapi: z.string() }), 'OpenAPI 3.1') },
    },
    'GET /reference': {
      id: 'getReference',
      summary: 'This document, to search and to try',
      description: 'A page that runs the viewer Scalar, which is served from here and calls nobody else.',
      who: 'anybody',
      answers: {
        200: {
          description: 'a page',
          content: { 'text/html': z.string().meta({ examples: ['<!doctype html>…'] }) },
        },
        404: {
          description: 'a page: the viewer was not fetched',
          content: { 'text/html': z.string().meta({ examples: ['<!doctype html>…'] }) },
        },
      },
    },
    [`GET /reference/${VIEWER}`]: {
      id: 'getReferenceViewer',
      summary: 'The viewer of that page',
      who: 'anybody',
      answers: {
        200: {
          description: 'a script',
          content: { 'text/javascript': z.string().meta({ examples: ['(function () {…})();'] }) },
        },
      },
      refusals: ['not_found'],
    },
    'GET /docs': {
      id: 'getDocs',
      summary: 'This document, to read',
      who: 'anybody',
      answers: {
        200: {
          description: 'a page',
          content: { 'text/html': z.string().meta({ examples: ['<!doctype html>…'] }) },
        },
      },
    },
  },
});
