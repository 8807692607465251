// Checks every HTTP exchange with the API against the OpenAPI document. Stricter than a client must
// be: an undocumented field is an error.
import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createDocument } from '../../api/openapi/document.ts';
import type { DocumentedOperation } from '../../api/openapi/types.ts';
import { RESOURCES } from '../../api/resources.ts';

type Exchange = {
  method: string;
  /** Includes the query. */
  path: string;
  /** The JSON request body; undefined when there was none, or another content type. */
  sent: unknown;
  status: number;
  /** The response body; null when there was none. */
  answered: unknown;
};

export type Conformance = {
  /** Throws when the exchange is not documented. */
  check(exchange: Exchange): void;
  /** Throws unless the body matches the documented webhook of its type. */
  checkWebhook(body: unknown): void;
  /** Documented responses seen so far: `GET /v1/events/{id} 200`. */
  readonly seen: ReadonlySet<string>;
};

/** An accepted request may hold invalid items, each of which gets an answer of its own. */
const CHECKED_PER_ITEM: ReadonlySet<string> = new Set(['POST /v1/events/batch', 'POST /v1/reconciliations']);

type Found = { template: string; operation: DocumentedOperation };

// A document takes a moment to make, and tests start many APIs.
const document = createDocument('http://track.example', RESOURCES);
const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
addFormats.default(ajv);
ajv.addSchema({ $id: 'openapi', ...(withClosedObjects(document) as object) });
const validators = new Map<string, ValidateFunction>();
const templates = Object.keys(document.paths)
  .toSorted((a, b) => a.split('{').length - b.split('{').length)
  .map((template) => ({
    template,
    pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));

export function createConformance(): Conformance {
  const seen = new Set<string>();
  return {
    seen,
    check({ method, path, sent, status, answered }) {
      const found = find(method, path.split('?', 1)[0]!);
      // An undocumented path must be unknown; an undocumented method must be refused.
      if (found === null) {
        assert.ok([400, 404, 405].includes(status), `${method} ${path}: ${status} is not documented`);
        return;
      }
      const { template, operation } = found;
      const name = `${method} ${template}`;
      const response = operation.responses[status];
      assert.ok(response, `${name}: ${status} is not documented: ${JSON.stringify(answered)}`);
      const place = ['paths', template, method.toLowerCase()];
      const [type] = Object.keys(response.content ?? {});
      if (type === 'application/json') {
        if (method !== 'HEAD')
          validate(
            [...place, 'responses', String(status), 'content', type, 'schema'],
            answered,
            `${name} ${status}`,
          );
      } else assert.equal(answered, null, `${name}: ${status} is documented without JSON`);
      const code = (answered as { error?: { code?: string } } | null)?.error?.code;
      if (response['x-error-codes'] !== undefined && code !== undefined)
        assert.ok(
          (response['x-error-codes'] as string[]).includes(code),
          `${name}: the code ${code} is not documented`,
        );
      if (
        status < 300 &&
        sent !== undefined &&
        !CHECKED_PER_ITEM.has(name) &&
        operation.requestBody?.content['application/json']
      )
        validate([...place, 'requestBody', 'content', 'application/json', 'schema'], sent, `body of ${name}`);
      seen.add(`${name} ${status}`);
    },
    checkWebhook(body) {
      const { type } = body as { type: string };
      assert.ok(type in document.webhooks, `${type} is not documented`);
      validate(
        ['webhooks', type, 'post', 'requestBody', 'content', 'application/json', 'schema'],
        body,
        type,
      );
      seen.add(type);
    },
  };
}

/** Every documented success response, named as in `seen`. */
export function documentedSuccesses(): string[] {
  return Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.entries(responses)
        .filter(([status, response]) => Number(status) < 400 && response['x-error-codes'] === undefined)
        .map(([status]) => `${method.toUpperCase()} ${template} ${status}`),
    ),
  );
}

function find(method: string, path: string): Found | null {
  const template = templates.find(({ pattern }) => pattern.test(path))?.template;
  const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
  return operation === undefined ? null : { template: template!, operation };
}

function validate(place: string[], value: unknown, what: string): void {
  const pointer = place
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validator = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#/${pointer}` });
  validators.set(pointer, validator);
  const isValid = validator(value);
  assert.ok(
    isValid,
    `${what}: ${ajv.errorsText(validator.errors)}\n${JSON.stringify(value)?.slice(0, 2000)}`,
  );
}

/** Copy of the document that forbids undocumented properties in every object with properties. */
function withClosedObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withClosedObjects);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withClosedObjects(item)]),
  );
  // Known values are listed for clients; an operator may add others.
  if (inner['x-open'] === true) delete inner['enum'];
  const isOpen =
    inner['type'] === 'object' &&
    inner['properties'] !== undefined &&
    inner['additionalProperties'] === undefined;
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}
