// Makes the request for one try of a delivery: URL, headers, body and signature. The same delivery
// says the same on every try; only the time, the signature over it and the number of the try
// change.
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

/** A postback as it was planned; `body` is its JSON text, `try` counts from 1. */
export type Postback = { id: string; type: string; body: string; try: number };

/**
 * The settings of an endpoint's owner. `form` are the fields of a form body, as templates by name;
 * without it a form has every field there is. `secrets` are the live ones, newest first, each of
 * its own kind; with `none` they are not used.
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
 * The request of one try. Throws when the template is not one that `parseTemplate` finds good: that
 * is refused when it is saved.
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
 * Values of macros and form fields: the scalars of `data`, and three fields of the
 * envelope.
 */
function valuesOf(postback: Postback): Record<string, string> {
  const { timestamp, data } = JSON.parse(postback.body) as {
    timestamp?: unknown;
    data?: Record<string, unknown>;
  };
  const fields = Object.entries({ ...data, event_type: postback.type, delivery_id: postback.id, timestamp });
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

/** The URL as it goes out on the wire, which is what is signed: normalised, without a fragment. */
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

/** Ours, and those that belong to the connection. An endpoint's own headers never override them. */
const RESERVED = new Set(
  `host content-type content-length content-encoding accept-encoding user-agent expect connection keep-alive te trailer
  transfer-encoding upgrade http2-settings`.split(/\s+/),
);
const RESERVED_PREFIX = /^(webhook-|proxy-)/;
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** Visible ASCII, with blanks inside. */
const VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
const MAX_HEADERS = 20;
const MAX_VALUE_LENGTH = 4096;

/**
 * Problems of an endpoint's own headers, one entry per bad one; asked when they are saved.
 * Never repeats a value.
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

/** Lower-cased, so that a differently written name cannot stand beside ours. */
function ownHeaders(headers: Readonly<Record<string, string>>, values: Values): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const own = entries.filter(([name]) => !isReserved(name));
  return Object.fromEntries(own.map(([name, value]) => [name, filledHeader(value, values)]));
}

/**
 * A value that is no template was saved before headers could have macros, and goes out as it
 * stands.
 */
function filledHeader(value: string, values: Values): string {
  const parsed = hasMacros(value) ? parseText(value) : undefined;
  return parsed?.kind === 'template' ? fillHeader(parsed.template, values) : value;
}
