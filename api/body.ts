// Reads bodies, after the caller is known: which types are taken, and how large each may be.
import express, { type RequestHandler } from 'express';
import { ApiError } from './errors.ts';

const ONE_LIMIT = '256kb';
const BATCH_LIMIT = '2mb';

/** A JSON body, or none where every field has its default. */
export const jsonBody: RequestHandler[] = [only(['json'], 'application/json', true), express.json({ limit: ONE_LIMIT })];

export const eventBody: RequestHandler[] = [only(['json'], 'application/json', false), express.json({ limit: ONE_LIMIT })];

/** A batch, which is one JSON value or lines of them; lines arrive as text. */
export const batchBody: RequestHandler[] = [
  only(['json', 'application/x-ndjson'], 'application/json or application/x-ndjson', false),
  express.json({ limit: BATCH_LIMIT }),
  express.text({ type: 'application/x-ndjson', limit: BATCH_LIMIT }),
];

/** A list as a table or as JSON; a table arrives as text. */
export const tableBody: RequestHandler[] = [
  only(['json', 'text/csv'], 'application/json or text/csv', false),
  express.json({ limit: BATCH_LIMIT }),
  express.text({ type: 'text/csv', limit: BATCH_LIMIT }),
];

function only(types: string[], names: string, mayBeEmpty: boolean): RequestHandler {
  return (req, _res, next) => {
    const isEmpty = req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length'] ?? 0) === 0;
    if (req.is(types) || (mayBeEmpty && isEmpty)) return next();
    next(new ApiError('unsupported_media_type', `the body must be ${names}`));
  };
}
