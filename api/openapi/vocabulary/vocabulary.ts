// Form of the vocabulary: what a field means by its name, for schemas that say nothing themselves.

/**
 * The meaning of a field, or its meaning and an example. The key is its name, or the name after
 * that of what it is in: a field, a named schema, an operation, a webhook (`tiers.period`,
 * `listRefusals.address`). The nearest counts.
 */
export type Vocabulary = Readonly<Record<string, string | readonly [meaning: string, example: unknown]>>;
