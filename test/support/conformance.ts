// Holds every exchange with the API against its own OpenAPI document. Stricter than a reader must be: a field that is not documented is an error.
import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createDocument, type DocumentedOperation } from '../../api/openapi/document.ts';
import { RESOURCES } from '../../api/resources.ts';

export type Exchange = {
  method: string;
  /** With its query. */
  path: string;
  /** What was sent as JSON; undefined where nothing was, or something else. */
  sent: unknown;
  status: number;
  /** What was answered, null where nothing was. */
  answered: unknown;
};

export type Conformance = {
  /** Throws what the document does not say. */
  check(exchange: Exchange): void;
  /** Throws unless the body is what the document says of its type of webhook. */
  checkWebhook(body: unknown): void;
  /** What was answered so far: `GET /v1/events/{id} 200`. */
  readonly seen: ReadonlySet<string>;
};

/** A request that was taken may still hold parts that are wrong, each of which is answered by itself. */
const JUDGED_BY_PART: ReadonlySet<string> = new Set(['POST /v1/events/batch', 'POST /v1/reconciliations']);

type Found = { template: string; operation: DocumentedOperation };

// A document takes a moment to make, and tests start many APIs.
const document = createDocument('http://track.example', RESOURCES);
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'openapi', ...(closed(document) as object) });
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
      // What is not documented does not exist; what is only documented for other methods is refused.
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
        !JUDGED_BY_PART.has(name) &&
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

/** Every answer of success that the document knows, as `seen` names them. */
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

/** The document with every object closed that does not say what else it may hold. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, closed(item)]));
  const isOpen =
    inner['type'] === 'object' &&
    inner['properties'] !== undefined &&
    inner['additionalProperties'] === undefined;
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}
