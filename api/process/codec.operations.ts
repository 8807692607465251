// Codec server as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { jsonAnswer, jsonRequest, type Operation } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addCodecRoutes } from './codec.routes.ts';
import { payloads } from './codec.schema.ts';

const EXAMPLE = { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'Im9wcl8wMSI=' }] };

const coding = (id: string, summary: string, description: string): Operation => ({
  id,
  summary,
  description,
  who: 'admin',
  body: jsonRequest(payloads, EXAMPLE),
  answers: { 200: jsonAnswer(payloads, 'the payloads, in the same order') },
  refusals: ['not_found', 'not_possible'],
});

export const codecResource = defineResource({
  tag: 'This API',
  addRoutes: addCodecRoutes,
  operations: {
    'GET /codec': {
      id: 'allowDecoding',
      summary: 'Let this browser decode in the Temporal UI',
      description: 'Asks for a name, which may be any, and for one of the tokens as the password.',
      who: 'admin',
      answers: {
        200: {
          description: 'signed in',
          content: { 'text/plain': z.string().meta({ examples: ['signed in'] }) },
        },
      },
      refusals: ['not_found'],
    },
    'POST /codec/decode': coding(
      'decodePayloads',
      'Decode payloads of Temporal',
      'Temporal’s protocol for codec servers. `TEMPORAL_CODEC_TOKEN` opens it too; either token may be sent as a ' +
        'password. Not there without `TEMPORAL_CODEC_KEY`.',
    ),
    'POST /codec/encode': coding(
      'encodePayloads',
      'Encode payloads for Temporal',
      'So that inputs of signals sent in the Temporal UI are encrypted too.',
    ),
  },
});
