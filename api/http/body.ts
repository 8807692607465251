// Body parsers, which run once the caller is known: accepted types and size limits. A limit applies
// to the decompressed body.
import express, { type RequestHandler } from 'express';
import { ApiError } from './errors.ts';
import { notUtf8 } from './read.ts';
import { confineBody } from './own.ts';
import { isSigned, keepRawBody } from './signatures.ts';

const ONE_LIMIT = '256kb';
export const BATCH_LIMIT = '2mb';

/** A JSON body, or none where every field has its default. Confined for affiliates. */
export const jsonBody: RequestHandler[] = [
  only(['json'], 'application/json', true),
  json(ONE_LIMIT),
  confineBody,
];

export const eventBody: RequestHandler[] = [only(['json'], 'application/json', false), json(ONE_LIMIT)];

/** As of an event, or none where a decision is taken back without a reason. */
export const decisionBody: RequestHandler[] = [only(['json'], 'application/json', true), json(ONE_LIMIT)];

export const largeJsonBody: RequestHandler[] = [only(['json'], 'application/json', true), json(BATCH_LIMIT)];

/** A batch: one JSON value, or lines of JSON, which handlers get as text. */
export const batchBody: RequestHandler[] = [
  only(['json', 'application/x-ndjson'], 'application/json or application/x-ndjson', false),
  json(BATCH_LIMIT),
  keepingRaw((verify) => express.text({ type: 'application/x-ndjson', limit: BATCH_LIMIT, ...verify })),
];

/** CSV as text. Bytes that are no text in its character set are refused: they would be replaced. */
const csv: RequestHandler[] = [
  express.text({ type: 'text/csv', limit: BATCH_LIMIT }),
  (req, _res, next) => next(isText(req.body) ? undefined : notUtf8()),
];

const isText = (body: unknown): boolean => typeof body !== 'string' || !body.includes('\ufffd');

/** CSV; handlers get it as text. */
export const csvBody: RequestHandler[] = [only(['text/csv'], 'text/csv', false), ...csv];

/** A list as JSON or CSV; handlers get CSV as text. */
export const tableBody: RequestHandler[] = [
  only(['json', 'text/csv'], 'application/json or text/csv', false),
  json(BATCH_LIMIT),
  ...csv,
];

/** Bodies of /postback: a form, JSON, or none beside the query. */
export const postbackBody: RequestHandler[] = [
  only(['json', 'urlencoded'], 'application/json or application/x-www-form-urlencoded', true),
  json(ONE_LIMIT),
  keepingRaw((verify) =>
    express.urlencoded({ extended: false, limit: ONE_LIMIT, parameterLimit: 100, ...verify }),
  ),
];

function json(limit: string): RequestHandler {
  return keepingRaw((verify) => express.json({ limit, ...verify }));
}

/**
 * Two parsers, since the one that keeps the bytes reads slower: only requests that are signed pay
 * for it.
 */
function keepingRaw(make: (options: { verify?: typeof keepRawBody }) => RequestHandler): RequestHandler {
  const [plain, keeping] = [make({}), make({ verify: keepRawBody })];
  return (req, res, next) => void (isSigned(req) ? keeping : plain)(req, res, next);
}

export function only(types: string[], names: string, mayBeEmpty: boolean): RequestHandler {
  return (req, _res, next) => {
    const isEmpty =
      req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length'] ?? 0) === 0;
    if (req.is(types) || (mayBeEmpty && isEmpty)) return next();
    next(new ApiError('unsupported_media_type', `the body must be ${names}`));
  };
}
