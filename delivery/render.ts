// Renders the request for one try of a delivery: URL, headers, body and signature. All tries of a
// delivery have the same content. Only the timestamp, the signature over it and the number of the
// try change.
import type { BodyFormat, EndpointMethod, SigningKind } from '../domain/delivery/endpoints.ts';
import { readFileSync } from 'node:fs';
import type { Values } from '../domain/delivery/templates/macros.ts';
import {
  fillFormValue,
  fillHeader,
  fillUrl,
  formEncoded,
  parseText,
  parseUrl,
  type Parsed,
} from '../domain/delivery/templates/template.ts';
import type { PostbackRequest } from './send.ts';
import { contentOfGet, signatureHeader } from './sign.ts';
import type { SigningKey } from './sign.ts';

/**
 * A planned postback. `body` is its JSON text; `try` is the number of the attempt, from 1;
 * `traceparent` the trace that it belongs to (W3C Trace Context), if any.
 */
export type Postback = {
  id: string;
  type: string;
  body: string;
  try: number;
  traceparent?: string | undefined;
};

/**
 * Settings of an endpoint. `form` maps names of form fields to templates; without `form`, a form
 * body contains all fields of the postback. `secrets` are the valid secrets, newest first; each
 * secret has its own kind. Signing `none` ignores `secrets`.
 */
export type Recipient = {
  url: string;
  method: EndpointMethod;
  body: BodyFormat;
  form?: Readonly<Record<string, string>> | null;
  headers: Readonly<Record<string, string>>;
  signing: SigningKind;
  secrets: readonly SigningKey[];
};

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const USER_AGENT = `Postrider/${version}`;

/**
 * Renders the request of one try. Throws when a stored template is invalid; saving an endpoint
 * refuses such templates.
 */
export function render(postback: Postback, recipient: Recipient, nowMs: number): PostbackRequest {
  const isGet = recipient.method === 'GET';
  const form = recipient.body === 'form';
  const values =
    form || hasMacros(recipient.url) || Object.values(recipient.headers).some(hasMacros)
      ? valuesOf(postback)
      : {};
  const url = filledUrl(recipient.url, values);
  const body = isGet ? null : form ? formBody(recipient.form ?? null, values) : postback.body;
  const timestampSeconds = Math.floor(nowMs / 1000);
  const headers: Record<string, string> = {
    ...ownHeaders(recipient.headers, values),
    'user-agent': USER_AGENT,
    'webhook-id': postback.id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-attempt': String(postback.try),
  };
  if (postback.traceparent !== undefined) headers['traceparent'] = postback.traceparent;
  if (!isGet) headers['content-type'] = form ? 'application/x-www-form-urlencoded' : 'application/json';
  if (recipient.signing !== 'none') {
    const content = body ?? contentOfGet(url);
    headers['webhook-signature'] = signatureHeader({
      id: postback.id,
      timestampSeconds,
      content,
      secrets: recipient.secrets,
    });
  }
  return { url, method: recipient.method, headers, body };
}

/**
 * Values of macros and form fields: the scalars of `data`, and four fields of the envelope.
 */
function valuesOf(postback: Postback): Record<string, string> {
  const { timestamp, api_version, data } = JSON.parse(postback.body) as {
    timestamp?: unknown;
    api_version?: unknown;
    data?: Record<string, unknown>;
  };
  const envelope = { event_type: postback.type, delivery_id: postback.id, timestamp, api_version };
  const fields = Object.entries({ ...data, ...envelope });
  return Object.fromEntries(
    fields.flatMap(([name, value]) => (isScalar(value) ? [[name, String(value)]] : [])),
  );
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function hasMacros(text: string): boolean {
  return text.includes('{');
}

/** The URL as sent and signed: normalised, without a fragment. */
function filledUrl(template: string, values: Values): string {
  const url = new URL(hasMacros(template) ? fillUrl(good(parseUrl(template)), values) : template);
  return url.origin + url.pathname + url.search;
}

function formBody(fields: Readonly<Record<string, string>> | null, values: Record<string, string>): string {
  if (fields === null) return new URLSearchParams(values).toString();
  const pairs = Object.entries(fields).map(
    ([name, value]) => `${formEncoded(name)}=${fillFormValue(good(parseText(value)), values)}`,
  );
  return pairs.join('&');
}

function good<Template>(parsed: Parsed<Template>): Template {
  if (parsed.kind === 'problems')
    throw new Error(`a stored template is broken: ${parsed.problems[0]?.message}`);
  return parsed.template;
}

/**
 * Headers set by us, and headers that belong to the connection. The custom headers of an endpoint
 * never override them.
 */
const RESERVED = new Set(
  `host content-type content-length content-encoding accept-encoding user-agent expect connection keep-alive te trailer
  traceparent transfer-encoding upgrade http2-settings`.split(/\s+/),
);
const RESERVED_PREFIX = /^(webhook-|proxy-)/;
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** Visible ASCII, with blanks inside. */
const VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
const MAX_HEADERS = 20;
const MAX_VALUE_LENGTH = 4096;

/**
 * Checks the custom headers of an endpoint when they are saved. Returns one entry per invalid
 * header. Messages never repeat a header value.
 */
export function headerProblems(
  headers: Readonly<Record<string, string>>,
): { name: string; message: string }[] {
  const names = Object.keys(headers);
  if (names.length > MAX_HEADERS) return [{ name: '', message: `more than ${MAX_HEADERS} headers` }];
  const isTwice = (name: string): boolean =>
    names.filter((other) => other.toLowerCase() === name.toLowerCase()).length > 1;
  return Object.entries(headers).flatMap(([name, value]) => {
    const message = isTwice(name) ? 'this header is given twice' : headerProblem(name.toLowerCase(), value);
    return message === undefined ? [] : [{ name, message }];
  });
}

function headerProblem(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return 'this is not a header name';
  if (isReserved(name)) return 'this header is set by us and cannot be changed';
  if (value.length > MAX_VALUE_LENGTH) return `the value is longer than ${MAX_VALUE_LENGTH} characters`;
  return VALUE.test(value) ? undefined : 'the value must be visible ASCII characters';
}

function isReserved(name: string): boolean {
  return RESERVED.has(name) || RESERVED_PREFIX.test(name);
}

/**
 * The custom headers of an endpoint, filled. Names are sent as they were given: receivers that
 * compare them letter by letter exist. Those that differ from one of ours by capitals alone are
 * left out.
 */
function ownHeaders(headers: Readonly<Record<string, string>>, values: Values): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !isReserved(name.toLowerCase()));
  return Object.fromEntries(own.map(([name, value]) => [name, filledHeader(value, values)]));
}

/**
 * Fills a header value. A value that is not a valid template was saved before headers supported
 * macros and is sent unchanged.
 */
function filledHeader(value: string, values: Values): string {
  const parsed = hasMacros(value) ? parseText(value) : undefined;
  return parsed?.kind === 'template' ? fillHeader(parsed.template, values) : value;
}
