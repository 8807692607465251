// Words of the OpenAPI document: every field is described, every body and answer has an example,
// and every operation a name that makes a good function name.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsOf from 'ajv-formats';
import { ERROR_CODES } from '../../../api/http/errors.ts';
import { partsOf, propertiesOf, usedWords } from '../../../api/openapi/describe.ts';
import { createDocument } from '../../../api/openapi/document.ts';
import { NO_EXAMPLE } from '../../../api/openapi/examples.ts';
import type { JsonSchema } from '../../../api/openapi/schemas.ts';
import { SIZE_OF_PARTS, VOCABULARY } from '../../../api/openapi/vocabulary/index.ts';
import { RESOURCES } from '../../../api/resources.ts';
import { EVENT_TYPES } from '../../../domain/types.ts';

type Media = Record<string, { schema: JsonSchema; example?: unknown }>;

const document = createDocument('http://track.example', RESOURCES);
const schemas = document.components.schemas;
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

/** Every body, answer and message, by where it is. */
const contents: [place: string, Media][] = [
  ...operations.flatMap(({ operationId, requestBody, responses }): [string, Media][] => [
    [operationId, requestBody?.content ?? {}],
    ...Object.entries(responses).map(([status, { content }]): [string, Media] => [
      `${operationId} ${status}`,
      content ?? {},
    ]),
  ]),
  ...Object.entries(document.webhooks).map(([type, { post }]): [string, Media] => [
    type,
    post.requestBody.content,
  ]),
];
const media = contents.flatMap(([place, content]) =>
  Object.entries(content).map(([type, each]) => ({ place: `${place} ${type}`, type, ...each })),
);

describe('descriptions', () => {
  test('every field of every request, answer and message is described', () => {
    const all = [...Object.entries(schemas), ...media.map(({ place, schema }) => [place, schema] as const)];
    const bare = all.flatMap(([place, schema]) => fieldsWithoutWords(schema, place));
    assert.deepEqual([...new Set(bare)], []);
  });

  test('every parameter is described', () => {
    const bare = operations.flatMap(({ operationId, parameters }) =>
      parameters
        .filter(({ description = '' }) => !isMeaning(description))
        .map(({ name }) => `${operationId} ${name}`),
    );
    assert.deepEqual(bare, []);
  });

  test('the vocabulary has no word that nothing needs, and none twice', () => {
    assert.deepEqual(
      Object.keys(VOCABULARY).filter((key) => !usedWords.has(key)),
      [],
    );
    assert.equal(Object.keys(VOCABULARY).length, SIZE_OF_PARTS);
  });

  test('events and error codes are enums, also in what clients generate', () => {
    const { event } = propertiesOf(schemas['NewEvent']!);
    assert.deepEqual(event!['enum'], EVENT_TYPES);
    const { error } = propertiesOf(schemas['Error']!);
    assert.deepEqual(propertiesOf(error!)['code']!['enum'], ERROR_CODES);
  });
});

describe('examples', () => {
  test('every body, answer and message has an example that its schema accepts', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormatsOf.default(ajv);
    ajv.addSchema({ $id: 'document', components: { schemas } });
    const wrong = media.flatMap(({ place, schema, example }) => {
      if (example === undefined) return [`${place} has no example`];
      if (JSON.stringify(example).includes(NO_EXAMPLE)) return [`${place} lacks one: ${missingIn(example)}`];
      const isRight = ajv.compile(absolute(schema));
      return isRight(example)
        ? []
        : (isRight.errors ?? []).map(({ instancePath, message }) => `${place}${instancePath} ${message}`);
    });
    assert.deepEqual(wrong, []);
  });
});

describe('names', () => {
  const VERBS =
    'send list get amend void unvoid reject unreject refuse start stop assign reassign erase retry dismiss follow check confirm ' +
    'record create update delete revoke end preview translate pause resume enable rotate test give acknowledge cancel close ' +
    'reconcile release approve fail return set allow decode encode';

  test('every operation is named by a verb and a noun, as functions are, and no two alike', () => {
    const form = new RegExp(`^(${VERBS.replaceAll(' ', '|')})([A-Z][a-z]+)+$`);
    const ids = operations.map(({ operationId }) => operationId);
    assert.deepEqual(
      ids.filter((id) => !form.test(id)),
      [],
    );
    assert.equal(new Set(ids).size, ids.length);
  });
});

function fieldsWithoutWords(schema: JsonSchema, place: string): string[] {
  const own = Object.entries(propertiesOf(schema)).flatMap(([name, field]) => {
    const here = `${place}.${name}`;
    return [...(isMeaning(field['description']) ? [] : [here]), ...fieldsWithoutWords(field, here)];
  });
  return [...own, ...partsOf(schema).flatMap((part) => fieldsWithoutWords(part, place))];
}

/** More than a word: a field's name said again is no meaning. */
function isMeaning(description: unknown): boolean {
  return typeof description === 'string' && description.split(' ').length >= 2;
}

function missingIn(example: unknown, path = ''): string {
  if (example === NO_EXAMPLE) return path;
  if (typeof example !== 'object' || example === null) return '';
  return Object.entries(example)
    .map(([name, value]) => missingIn(value, `${path}.${name}`))
    .filter((found) => found !== '')
    .join(' ');
}

/** The schema with references that lead out of it into the document. */
function absolute(schema: JsonSchema): JsonSchema {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/components', '"document#/components'),
  ) as JsonSchema;
}
