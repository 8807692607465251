// Statements as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { type Answer, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './statements.answers.ts';
import { addStatementRoutes } from './statements.routes.ts';
import { COLUMNS } from './statements.views.ts';
import { allStatementsFilter, openStatement, statementFilter, statementForm } from './statements.schema.ts';

const wholeStatement: Answer = {
  description: 'as JSON, or as CSV where `format` or `Accept` asks for it',
  content: {
    'application/json': answers.wholeStatement,
    'text/csv': z.string().meta({ examples: [COLUMNS.join(',')] }),
  },
};

export const statementsResource = defineResource({
  tag: 'Money',
  addRoutes: addStatementRoutes,
  names: {
    Statement: answers.statement,
    WholeStatement: answers.wholeStatement,
  },
  operations: {
    'GET /v1/affiliates/:id/statements': {
      id: 'listAffiliateStatements',
      summary: 'List an affiliate’s statements',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      query: statementFilter,
      answers: { 200: listAnswer(answers.statement) },
    },
    'GET /v1/affiliates/:id/statements/current': {
      id: 'getCurrentStatement',
      summary: 'What the statement of an open month would say now',
      who: 'read',
      own: { scope: 'own:read', path: 'affiliate' },
      query: openStatement,
      answers: { 200: wholeStatement },
      refusals: ['not_possible'],
    },
    'GET /v1/statements': {
      id: 'listStatements',
      summary: 'List the statements of all affiliates',
      who: 'read',
      query: allStatementsFilter,
      answers: { 200: listAnswer(answers.statement) },
    },
    'GET /v1/statements/:id': {
      id: 'getStatement',
      summary: 'A statement',
      who: 'read',
      own: { scope: 'own:read', path: 'statement' },
      query: statementForm,
      answers: { 200: wholeStatement },
    },
  },
});
