// Schemas of the OpenAPI document as tables for people: each field with its type, whether it must
// be there, and what it means.
import { code, escape, link, prose, row, table } from './html.ts';
import type { JsonSchema } from './schemas.ts';

const DEEPEST = 6;
const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: 'true or false',
};
const FORMATS: Readonly<Record<string, string>> = { 'date-time': 'time', date: 'day', uri: 'URL' };

/** The fields of a schema as a table; a schema that has none as its type. */
export function schemaTable(schema: JsonSchema): string {
  const variants = variantsOf(schema);
  if (variants.length > 1 && variants.some((variant) => propertiesOf(variant).length > 0))
    return variants.map((variant, index) => `<p>${index + 1}.</p>${schemaTable(variant)}`).join('');
  const rows = fieldRows(schema, '', DEEPEST);
  const about = typeof schema['description'] === 'string' ? `: ${prose(schema['description'])}` : '';
  if (rows.length === 0) return `<p>${typeHtml(schema)}${about}</p>`;
  return table(['Field', 'Type', '', 'Meaning'], rows);
}

/** A row for each field, and for those inside it by their paths: `endpoint.id`, `rows[].amount`. */
function fieldRows(schema: JsonSchema, prefix: string, depth: number): string[] {
  const required = new Set((schema['required'] ?? []) as string[]);
  return propertiesOf(schema).flatMap(([name, field]) => {
    const path = prefix + name;
    const own = row(
      code(path),
      typeHtml(field),
      required.has(name) ? 'required' : 'optional',
      meaningHtml(field),
    );
    return depth === 0 ? [own] : [own, ...innerRows(field, path, depth - 1)];
  });
}

function innerRows(field: JsonSchema, path: string, depth: number): string[] {
  const inner = variantsOf(field).flatMap((variant) => {
    const items = variant['items'] as JsonSchema | undefined;
    return items
      ? variantsOf(items).map((item) => ({ at: `${path}[].`, schema: item }))
      : [{ at: `${path}.`, schema: variant }];
  });
  const rows = inner.flatMap(({ at, schema }) => fieldRows(schema, at, depth));
  // Variants of one field have rows in common.
  return [...new Set(rows)];
}

function propertiesOf(schema: JsonSchema): [string, JsonSchema][] {
  return Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
}

/** The forms that a value may have, without null. */
function variantsOf(schema: JsonSchema): JsonSchema[] {
  const forms = (schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf']) as JsonSchema[] | undefined;
  return (forms ?? [schema]).filter(({ type }) => type !== 'null');
}

/** The type of a value in words; what has a name of its own is linked. */
export function typeHtml(schema: JsonSchema): string {
  const { $ref, const: only, enum: values, items } = schema;
  const forms = (schema['anyOf'] ?? schema['oneOf']) as JsonSchema[] | undefined;
  if (typeof $ref === 'string') return link($ref.slice($ref.lastIndexOf('/') + 1));
  if (only !== undefined) return code(JSON.stringify(only));
  if (Array.isArray(values)) return values.map((value) => code(String(value))).join(' | ');
  if (forms) return [...new Set(forms.map(typeHtml))].join(' or ');
  if (items) return `list of ${typeHtml(items as JsonSchema)}`;
  const types = [schema['type'] ?? []].flat() as string[];
  if (types.length === 0) return 'anything';
  return types.map((type) => escape(wordOf(type, schema))).join(' or ');
}

function wordOf(type: string, schema: JsonSchema): string {
  const { format, additionalProperties: values } = schema;
  if (type === 'string' && typeof format === 'string') return FORMATS[format] ?? format;
  if (type === 'object' && typeof values === 'object') return 'object by name';
  return WORDS[type] ?? type;
}

/** What a field means, its limits, its default and an example. */
function meaningHtml(field: JsonSchema): string {
  const { description, default: given, examples } = field;
  const [example] = Array.isArray(examples) ? (examples as unknown[]) : [];
  const parts = [
    typeof description === 'string' ? prose(description.replace(/\.$/, '')) : '',
    limitsText(field),
    given === undefined ? '' : `default ${code(JSON.stringify(given))}`,
    example === undefined || example === null ? '' : `for example ${code(textOf(example))}`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function limitsText({ minimum, maximum, maxItems, maxLength }: JsonSchema): string {
  const parts = [
    // JSON Schema says the range of every integer that JavaScript holds.
    isLimit(minimum) ? `at least ${minimum}` : '',
    isLimit(maximum) ? `at most ${maximum}` : '',
    typeof maxItems === 'number' ? `at most ${maxItems} of them` : '',
    typeof maxLength === 'number' ? `at most ${maxLength} characters` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER;
}

function textOf(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example);
}
