// The OpenAPI 3.1 document: made from the operations of every resource, and from rules that hold
// for all.
import { VERSION } from '../../build.ts';
import { error, issue } from '../http/errors.answers.ts';
import { type ErrorCode, statusOf } from '../http/errors.ts';
import { type Content, type Operation, TAGS } from '../http/operation.ts';
import type { Documented } from '../http/resource.ts';
import { complete } from './complete.ts';
import { pathParametersOf, refusalsOf } from './refusals.ts';
import { type JsonSchema, type NamedSchemas, type Schemas, schemasOf } from './schemas.ts';
import type {
  DocumentedOperation,
  Media,
  OpenApiDocument,
  Parameter,
  QuerySchema,
  Response,
} from './types.ts';
import { WEBHOOK_HEADERS, webhooks } from './webhooks.ts';

const DESCRIPTION = `Conversion events in, commission booked to the cent, signed postbacks out.

Money is decimal text beside its currency; times are RFC 3339. Fields that a request does not know are refused; an answer may gain fields.
Every answer carries \`x-request-id\`.`;

const PATH_PARAMETERS: Record<string, string> = {
  id: 'its id',
  event_id: 'the event’s id',
  customer_id: 'the operator’s own id of the customer, percent-encoded',
  name: 'the name, or its id',
  period: 'a month such as 2026-11',
};

const SIGNATURE_HEADERS: Record<string, string> = {
  'webhook-id': 'Standard Webhooks: the id of the message',
  'webhook-timestamp': 'Standard Webhooks: seconds since 1970, at most 5 minutes off',
  'webhook-signature': 'Standard Webhooks: made with the operator’s inbound secret',
};

/** The schema of `limit` in lists: queries hold text, so zod's own would say string. */
const LIMIT: JsonSchema = { type: 'integer', minimum: 1, maximum: 200, default: 50 };

/** The whole document, for an API that is reached under this address. */
export function createDocument(publicUrl: string, resources: readonly Documented[]): OpenApiDocument {
  const all = resources.flatMap(({ operations }) => Object.values(operations));
  const messages = Object.values(webhooks).map(({ body }) => body);
  const schemas = schemasOf([error, ...all.flatMap(schemasIn), ...messages], namesOf(resources));
  const paths: OpenApiDocument['paths'] = {};
  for (const tag of TAGS) {
    const ofTag = resources.filter((resource) => resource.tag === tag);
    for (const [route, operation] of ofTag.flatMap(({ operations }) => Object.entries(operations))) {
      const [method = '', path = ''] = route.split(' ');
      const ofPath = (paths[path.replaceAll(/:(\w+)/g, '{$1}')] ??= {});
      ofPath[method.toLowerCase()] = documented(route, tag, operation, schemas);
    }
  }
  const document: OpenApiDocument = {
    openapi: '3.1.1',
    info: {
      title: 'Postrider',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    tags: TAGS.map((name) => ({ name })),
    paths,
    webhooks: documentedWebhooks(schemas),
    components: { schemas: schemas.components, securitySchemes: SECURITY_SCHEMES },
  };
  complete(document);
  return document;
}

/** The schemas that stand under `components` by a name, since many operations refer to them. */
function namesOf(resources: readonly Documented[]): NamedSchemas {
  const ofResources = TAGS.flatMap((tag) => resources.filter((resource) => resource.tag === tag));
  return Object.assign(
    { Error: error, Issue: issue },
    ...ofResources.map(({ names }) => names),
  ) as NamedSchemas;
}

const SECURITY_SCHEMES = {
  apiKey: { type: 'http', scheme: 'bearer', description: 'an operator’s API key' },
  keyInQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'key',
    description: 'the same, where a caller can send no headers',
  },
  adminToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'the token of the configuration (`ADMIN_TOKEN`)',
  },
};

function documented(route: string, tag: string, operation: Operation, schemas: Schemas): DocumentedOperation {
  const { id, summary, description, who, own, body, answers } = operation;
  const answered = Object.entries(answers).map(([status, { description: meaning, headers, content }]) => {
    const response: Response = { description: meaning };
    if (headers)
      response.headers = mapValues(headers, (about) => ({ description: about, schema: { type: 'string' } }));
    if (content) response.content = mediaOf(content, schemas);
    return [status, response] as const;
  });
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    ...(who !== 'anybody' && { 'x-scope': who }),
    ...(own && { 'x-own-scope': own.scope }),
    security: securityOf(operation),
    parameters: parametersOf(route, operation, schemas),
    ...(body && { requestBody: requestBodyOf(body, schemas) }),
    responses: {
      ...refusalResponses(refusalsOf(route, operation), schemas),
      ...Object.fromEntries(answered),
    },
  };
}

function securityOf({ who, own, keyInQuery }: Operation): Record<string, string[]>[] {
  if (who === 'anybody') return [];
  if (who === 'admin') return [{ adminToken: [] }];
  return [
    { apiKey: [who] },
    ...(own ? [{ apiKey: [own.scope] }] : []),
    ...(keyInQuery ? [{ keyInQuery: [who] }] : []),
  ];
}

function parametersOf(route: string, { query, headers, signable }: Operation, schemas: Schemas): Parameter[] {
  const inPath = pathParametersOf(route).map((name): Parameter => {
    return {
      name,
      in: 'path',
      required: true,
      description: PATH_PARAMETERS[name]!,
      schema: { type: 'string' },
    };
  });
  const { properties = {}, required = [] }: QuerySchema = query ? schemas.of(query) : {};
  const inQuery = Object.entries(properties).map(([name, found]): Parameter => {
    const { description, ...schema } = found as JsonSchema & { description?: string };
    const about = description === undefined ? {} : { description };
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...about,
      schema: name === 'limit' ? LIMIT : schema,
    };
  });
  const inHeaders = Object.entries({ ...headers, ...(signable && SIGNATURE_HEADERS) }).map(
    ([name, about]): Parameter => {
      return { name, in: 'header', required: false, description: about, schema: { type: 'string' } };
    },
  );
  return [...inPath, ...inQuery, ...inHeaders];
}

function refusalResponses(codes: readonly ErrorCode[], schemas: Schemas): Record<string, Response> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes)
    byStatus.set(statusOf({ code }), [...(byStatus.get(statusOf({ code })) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => {
      const response: Response = {
        description: ofStatus.map((code) => `\`${code}\``).join(', '),
        'x-error-codes': ofStatus,
        content: { 'application/json': { schema: schemas.of(error) } },
      };
      if (status === 429 || status === 503)
        response.headers = { 'retry-after': { description: 'seconds', schema: { type: 'integer' } } };
      return [status, response];
    }),
  );
}

function documentedWebhooks(schemas: Schemas): OpenApiDocument['webhooks'] {
  const parameters = Object.entries(WEBHOOK_HEADERS).map(([name, description]) => {
    return {
      name,
      in: 'header',
      required: name !== 'webhook-signature',
      description,
      schema: { type: 'string' },
    };
  });
  return mapValues(webhooks, ({ summary, body }) => {
    const responses = {
      '2XX': { description: 'delivered' },
      410: { description: 'the endpoint is disabled' },
      default: { description: 'tried again on the schedule' },
    };
    return {
      post: {
        summary,
        parameters,
        requestBody: { content: mediaOf({ 'application/json': body }, schemas) },
        responses,
      },
    };
  });
}

function schemasIn({ query, body, answers }: Operation) {
  const contents = [body?.content, ...Object.values(answers).map(({ content }) => content)];
  return [...(query ? [query] : []), ...contents.flatMap((content) => Object.values(content ?? {}))];
}

function requestBodyOf({ required, content, examples }: NonNullable<Operation['body']>, schemas: Schemas) {
  const media = mediaOf(content, schemas);
  for (const [type, example] of Object.entries(examples)) media[type]!.example = example;
  return { required, content: media };
}

function mediaOf(content: Content, schemas: Schemas): Media {
  return mapValues(content, (schema) => ({ schema: schemas.of(schema) }));
}

function mapValues<From, To>(object: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
