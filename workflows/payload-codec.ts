// Encrypts what Temporal stores of a workflow: inputs, results, signals, memos, summaries and
// details. Search attributes and the names of things stay readable.
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { SecretBox } from '../store/db/secret-box.ts';

/** A payload in JSON, as a codec server takes and gives it; bytes are base64. */
export type WirePayload = { metadata?: Record<string, string> | undefined; data?: string | undefined };

/** The two operations of a codec server. Decoding throws for a key that is not known. */
export type WireCodec = Record<'encode' | 'decode', (payloads: WirePayload[]) => Promise<WirePayload[]>>;

const ENCODING = Buffer.from('binary/encrypted');
const CONTEXT = 'temporal payload';

/**
 * Creates the codec for clients and workers. A payload that was stored before there was a key is
 * decoded as it is.
 */
export function createPayloadCodec(box: SecretBox): PayloadCodec {
  const isSealed = ({ metadata }: Payload): boolean =>
    metadata?.['encoding'] !== undefined && ENCODING.equals(metadata['encoding']);
  return {
    async encode(payloads) {
      return payloads.map((payload) => ({
        metadata: { encoding: ENCODING },
        data: box.seal(JSON.stringify(toWire(payload)), CONTEXT),
      }));
    },
    async decode(payloads) {
      return payloads.map((payload) =>
        isSealed(payload)
          ? fromWire(JSON.parse(box.open(Buffer.from(payload.data ?? []), CONTEXT)) as WirePayload)
          : payload,
      );
    },
  };
}

/** The codec for a codec server, which the Temporal UI and CLI ask. */
export function createWireCodec(codec: PayloadCodec): WireCodec {
  return {
    encode: async (payloads) => (await codec.encode(payloads.map(fromWire))).map(toWire),
    decode: async (payloads) => (await codec.decode(payloads.map(fromWire))).map(toWire),
  };
}

function toWire({ metadata, data }: Payload): WirePayload {
  return {
    metadata: mapValues(metadata ?? {}, (bytes) => Buffer.from(bytes).toString('base64')),
    data: Buffer.from(data ?? []).toString('base64'),
  };
}

function fromWire({ metadata = {}, data = '' }: WirePayload): Payload {
  return {
    metadata: mapValues(metadata, (text) => Buffer.from(text, 'base64')),
    data: Buffer.from(data, 'base64'),
  };
}

function mapValues<From, To>(values: Record<string, From>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value)]));
}
