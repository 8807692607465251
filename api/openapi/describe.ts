// Completes schemas of the OpenAPI document: gives fields without words of their own those of the
// vocabulary, and their examples.
import type { JsonSchema } from './schemas.ts';
import { meaningOfId } from './vocabulary/ids.ts';
import { VOCABULARY } from './vocabulary/index.ts';

/** Names of what a field is in, the nearest last: `listStuck`, `data`, `endpoint`. */
type Places = readonly string[];

/** The vocabulary's entries that were asked for, so that a test sees those that nothing needs. */
export const usedWords = new Set<string>();

/** Describes every field of a schema that stands at a place, in the schema itself. */
export function describeFields(schema: JsonSchema, places: Places): void {
  for (const [name, field] of Object.entries(propertiesOf(schema))) {
    hoist(field);
    describe(field, name, places);
    describeFields(field, [...places, name]);
  }
  for (const part of partsOf(schema)) describeFields(part, places);
}

/** Gives a field or parameter its words, where it lacks them. */
export function describe(field: JsonSchema, name: string, places: Places): void {
  const word = wordFor(name, places);
  if (word === undefined) {
    if (name === 'id') field['description'] ??= meaningOfId(field['pattern']);
    return;
  }
  usedWords.add(word.key);
  const [meaning, ...example] = typeof word.entry === 'string' ? [word.entry] : word.entry;
  const takesExample = field['examples'] === undefined && example.some((value) => isOfType(value, field));
  field['description'] ??= meaning;
  if (takesExample) field['examples'] = example;
}

function wordFor(name: string, places: Places) {
  for (const place of [...places].reverse()) {
    const key = `${place}.${name}`;
    if (Object.hasOwn(VOCABULARY, key)) return { key, entry: VOCABULARY[key]! };
  }
  return Object.hasOwn(VOCABULARY, name) ? { key: name, entry: VOCABULARY[name]! } : undefined;
}

/** Whether a value may be one of the field, as far as types and enums tell. */
function isOfType(value: unknown, field: JsonSchema): boolean {
  if (field['const'] !== undefined || field['$ref'] !== undefined) return false;
  const options = field['enum'];
  if (Array.isArray(options)) return options.includes(value);
  const forms = [field, ...((field['anyOf'] ?? []) as JsonSchema[])];
  const types = forms.flatMap(({ type }) => type ?? []);
  if (types.length === 0) return true;
  if (value === null) return types.includes('null');
  if (Array.isArray(value)) return types.includes('array');
  if (typeof value === 'number') return types.includes('number') || types.includes('integer');
  return types.includes(typeof value);
}

/** Moves the words of a nullable value to the field, where readers and generators look for them. */
function hoist(field: JsonSchema): void {
  const forms = (field['anyOf'] ?? []) as JsonSchema[];
  const [form, ...others] = forms.filter(({ type }) => type !== 'null');
  if (form === undefined || others.length > 0) return;
  for (const words of ['description', 'examples']) {
    if (form[words] === undefined || field[words] !== undefined) continue;
    field[words] = form[words];
    delete form[words];
  }
}

export function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema['properties'] ?? {}) as Record<string, JsonSchema>;
}

/** Schemas within a schema that are no fields: items, forms of a union, values of a record. */
export function partsOf(schema: JsonSchema): JsonSchema[] {
  const lists = ['anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap((keyword) => schema[keyword] ?? []);
  return [...lists, schema['items'], schema['additionalProperties']].filter(
    (part): part is JsonSchema => typeof part === 'object' && part !== null,
  );
}
