// Types of the OpenAPI document, as far as it is made and read here.
import type { ErrorCode } from '../http/errors.ts';
import type { Operation } from '../http/operation.ts';
import type { OwnScope } from '../http/own.ts';
import type { JsonSchema } from './schemas.ts';

export type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
};
export type QuerySchema = { properties?: object; required?: string[] };
export type Media = Record<string, { schema: JsonSchema; example?: unknown }>;
export type Response = {
  description: string;
  headers?: object;
  content?: Media;
  'x-error-codes'?: ErrorCode[];
};

export type DocumentedOperation = {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Media };
  responses: Record<string, Response>;
  'x-scope'?: Operation['who'];
  'x-own-scope'?: OwnScope;
};

export type OpenApiDocument = {
  openapi: '3.1.1';
  info: { title: string; version: string; description: string; license: object };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, DocumentedOperation>>;
  webhooks: Record<string, { post: { summary: string; requestBody: { content: Media } } & object }>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: object };
};
