// The API documentation as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addApiDocsRoutes } from './api-docs.routes.ts';

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
