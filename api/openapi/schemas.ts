// Turns zod schemas into the JSON Schemas of the document: a named schema becomes a reference
// wherever it is used.
import { z } from 'zod';

export type JsonSchema = { [keyword: string]: unknown };
/** Schemas by the name that they have under `components`. */
export type NamedSchemas = Readonly<Record<string, z.ZodType>>;

/** Named schemas in full, and any other with references to them. */
export type Schemas = { components: Record<string, JsonSchema>; of(schema: z.ZodType): JsonSchema };

const refTo = (name: string): string => `#/components/schemas/${name}`;

/**
 * Takes all schemas at once, since zod makes references only within one registry. Schemas describe
 * the wire: a request before its defaults are filled in, an answer as sent.
 */
export function schemasOf(asked: readonly z.ZodType[], named: NamedSchemas): Schemas {
  const names = new Map<z.ZodType, string>(Object.entries(named).map(([name, schema]) => [schema, name]));
  for (const schema of asked) if (!names.has(schema)) names.set(schema, `.${names.size}`);
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    unrepresentable: 'any',
    uri: refTo,
    override: ({ jsonSchema }) => dropImplied(jsonSchema),
  });
  const made = new Map(
    Object.entries(schemas).map(([name, schema]) => [name, withoutAddress(schema as JsonSchema)]),
  );
  return {
    components: Object.fromEntries(Object.keys(named).map((name) => [name, made.get(name)!])),
    of(schema) {
      const name = names.get(schema)!;
      return name in named ? { $ref: refTo(name) } : (inlined(made.get(name)!, made) as JsonSchema);
    },
  };
}

/** Inlines unnamed schemas where they are referenced. */
function inlined(value: unknown, made: ReadonlyMap<string, JsonSchema>): unknown {
  if (Array.isArray(value)) return value.map((item) => inlined(item, made));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as JsonSchema;
  if (typeof $ref === 'string' && $ref.startsWith(refTo('.')))
    return inlined(made.get($ref.slice(refTo('').length)), made);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inlined(item, made)]));
}

/** Drops the bounds of safe integers, which zod adds to every integer. */
function dropImplied(schema: { minimum?: number | undefined; maximum?: number | undefined }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

function withoutAddress({ $schema: _schema, $id: _id, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
