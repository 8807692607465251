// Completes the OpenAPI document: every field gets its words, and every body, answer and message
// its example.
import { describe, describeFields } from './describe.ts';
import { exampleOf } from './examples.ts';
import type { JsonSchema } from './schemas.ts';
import type { Media, OpenApiDocument, Parameter } from './types.ts';
import { STORIES } from './vocabulary/stories.ts';

/** Schemas that say more of the same thing; what its fields mean stands at the lesser form. */
const LESSER_FORMS: Readonly<Record<string, string>> = {
  Trace: 'Event',
  Rehearsed: 'Event',
  WholeCommission: 'Commission',
  WholeDelivery: 'Delivery',
  WholeStatement: 'Statement',
  ReplayProgress: 'Replay',
  EndpointWithSecret: 'Endpoint',
  ChangedEndpoint: 'Endpoint',
  EnabledEndpoint: 'Endpoint',
  RotatedEndpoint: 'Endpoint',
  WholePayout: 'Payout',
  WholePayoutRun: 'PayoutRun',
  WholeEventImport: 'EventImport',
};

/** Completes the document, in place. */
export function complete({ paths, webhooks: messages, components }: OpenApiDocument): void {
  for (const [name, schema] of Object.entries(components.schemas))
    describeFields(schema, [LESSER_FORMS[name] ?? name, name]);
  for (const [name, story] of Object.entries(STORIES))
    if (Object.hasOwn(components.schemas, name)) components.schemas[name]!['examples'] = [story];
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    const { operationId, parameters, requestBody, responses } = operation;
    for (const parameter of parameters.filter(({ in: place }) => place === 'query'))
      describeParameter(parameter, operationId);
    completeMedia(requestBody?.content, [operationId], components.schemas);
    for (const [status, { content }] of Object.entries(responses))
      completeMedia(content, [operationId], components.schemas, STORIES[`${operationId} ${status}`]);
  }
  for (const [type, { post }] of Object.entries(messages))
    completeMedia(post.requestBody.content, ['webhook', type], components.schemas, STORIES[type]);
}

function describeParameter(parameter: Parameter, operationId: string): void {
  const words: JsonSchema = { ...(parameter.description && { description: parameter.description }) };
  describe(words, parameter.name, [operationId]);
  if (typeof words['description'] === 'string') parameter.description = words['description'];
}

function completeMedia(
  content: Media | undefined,
  places: readonly string[],
  named: Record<string, JsonSchema>,
  story?: unknown,
): void {
  for (const media of Object.values(content ?? {})) {
    describeFields(media.schema, places);
    media.example ??= story ?? exampleOf(media.schema, named);
  }
}
