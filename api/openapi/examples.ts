// Makes the example of a schema from the examples of its fields.
import { propertiesOf } from './describe.ts';
import type { JsonSchema } from './schemas.ts';

/** In place of a text that nothing describes by an example; a test refuses it. */
export const NO_EXAMPLE = 'no example';

/**
 * An example that fits the schema. Fields that may be absent are in it where they have examples.
 */
export function exampleOf(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): unknown {
  const { $ref, examples, const: fixed, enum: options, default: usual } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (typeof $ref === 'string') return exampleOf(named[$ref.split('/').at(-1)!]!, named);
  if (fixed !== undefined) return fixed;
  if (Array.isArray(options)) return options[0];
  if (usual !== undefined) return usual;
  const forms = (schema['anyOf'] ?? schema['oneOf']) as JsonSchema[] | undefined;
  if (forms !== undefined) return exampleOf(forms.find(({ type }) => type !== 'null') ?? forms[0]!, named);
  return exampleByType(schema, named);
}

function exampleByType(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): unknown {
  switch (schema['type']) {
    case 'object':
      return exampleObject(schema, named);
    case 'array':
      return schema['items'] === undefined ? [] : [exampleOf(schema['items'] as JsonSchema, named)];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'null':
      return null;
    case undefined:
      return {};
    default:
      return schema['format'] === 'date-time' ? '2026-11-22T10:00:00Z' : NO_EXAMPLE;
  }
}

function exampleObject(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): unknown {
  const required = new Set((schema['required'] ?? []) as string[]);
  const properties = propertiesOf(schema);
  const fields = Object.entries(properties).map(([name, field]) => [name, exampleOf(field, named)] as const);
  return Object.fromEntries(
    fields.filter(([name, example]) => required.has(name) || isTelling(properties[name]!, example)),
  );
}

/** Whether a field that may be absent is worth being in an example. */
function isTelling(field: JsonSchema, example: unknown): boolean {
  return field['const'] === undefined && !JSON.stringify(example).includes(NO_EXAMPLE);
}
