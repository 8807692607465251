// Error codes of the API with their HTTP status, and the one error handler. No other file names the
// status of a failure.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from '../../log.ts';
import { isOutage } from '../../store/db/pg-errors.ts';

const STATUS = {
  invalid_request: 400,
  unknown_macro: 400,
  unknown_event: 400,
  blocked_address: 400,
  unauthorized: 401,
  bad_signature: 401,
  stale_signature: 401,
  ip_not_allowed: 403,
  https_required: 403,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  gone: 410,
  too_large: 413,
  unsupported_media_type: 415,
  not_possible: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof STATUS;

export const ERROR_CODES = Object.keys(STATUS) as ErrorCode[];

/**
 * One issue of a request. The path is dotted (`terms.components.0.amount`), and empty for the
 * whole.
 */
export type Issue = { path: string; code: string; message: string };

/** An error as its caller reads it, without the request id. */
type ErrorBody = { code: ErrorCode; message: string; issues?: Issue[] };

const RETRY_AFTER_SECONDS = 1;

/** A failure to answer with. The message is shown to the caller. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly issues: Issue[] | undefined;
  /** `Retry-After` of `rate_limited` and `unavailable`. */
  readonly retryAfterSeconds: number;

  constructor(code: ErrorCode, message: string, options: ErrorDetails = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.issues = options.issues;
    this.retryAfterSeconds = options.retryAfterSeconds ?? RETRY_AFTER_SECONDS;
  }
}

type ErrorDetails = { issues?: Issue[]; cause?: unknown; retryAfterSeconds?: number };

/** The HTTP status that an error is answered with. */
export function statusOf({ code }: Pick<ApiError, 'code'>): number {
  return STATUS[code];
}

/**
 * PostgreSQL is away or cannot keep up. Nothing was written; the caller may repeat the request.
 * `cause`: an error, or words for the log.
 */
export class UnavailableError extends ApiError {
  constructor(cause?: unknown) {
    super('unavailable', 'the service cannot take this now; repeat the request in a moment', { cause });
  }
}

/** The error for a missing resource, and for one of another operator, which must look the same. */
export function notFound(what: string): ApiError {
  return new ApiError('not_found', `there is no such ${what}`);
}

/** The error as part of a body. */
export function bodyOf({ code, message, issues }: ApiError): ErrorBody {
  return issues === undefined ? { code, message } : { code, message, issues };
}

/**
 * The HTML that a browser is shown for an error, and the content security policy it is sent under.
 */
export type ErrorPage = { htmlOf(code: ErrorCode): string; policy: string };

/** Answers later errors of this request by an HTML page, where the caller accepts HTML. */
export function answerErrorsByPage(res: Response, page: ErrorPage): void {
  res.locals['errorPage'] = page;
}

/** Answers paths without a route. */
export const unknownRoute: RequestHandler = (req, _res, next) =>
  next(new ApiError('not_found', `there is nothing at ${req.path}`));

/**
 * Answers every thrown error. Unexpected ones are logged with the request id and answered without
 * detail. `onError` receives each before its answer. Log lines hold only the path of a URL, since
 * the query may contain a key.
 */
export function createErrorHandler(
  log: Logger,
  onError: (req: Request, res: Response, error: ApiError) => void = () => {},
): ErrorRequestHandler {
  return (thrown: unknown, req, res, _next) => {
    const error = apiErrorFrom(thrown);
    onError(req, res, error);
    const requestId = String(res.getHeader('x-request-id'));
    const place = { requestId, method: req.method, path: req.path };
    if (error.code === 'internal') log.error({ ...place, err: thrown }, 'request failed');
    if (error.code === 'unavailable')
      log.warn(
        { ...place, reason: reasonOf(error.cause) },
        'request refused for now, what it needs is away or busy',
      );
    if (res.headersSent) return void res.destroy();
    const { code, message, issues } = bodyOf(error);
    if (code === 'unavailable' || code === 'rate_limited')
      res.setHeader('retry-after', String(error.retryAfterSeconds));
    if (code === 'unauthorized' && !res.hasHeader('www-authenticate'))
      res.setHeader('www-authenticate', 'Bearer');
    const page = res.locals['errorPage'] as ErrorPage | undefined;
    if (page && (req.headers.accept ?? '').includes('text/html')) {
      res.setHeader('content-security-policy', page.policy);
      return void res.status(STATUS[code]).type('html').send(page.htmlOf(code));
    }
    res
      .status(STATUS[code])
      .json({ error: { code, message, request_id: requestId, ...(issues && { issues }) } });
  };
}

function apiErrorFrom(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (isOutage(thrown)) return new UnavailableError(thrown);
  return (
    readingErrorFrom(thrown) ??
    new ApiError('internal', 'something went wrong on our side', { cause: thrown })
  );
}

/**
 * Errors of Express and its body parsers carry a status, also those for a path that cannot be
 * decoded.
 */
function readingErrorFrom(thrown: unknown): ApiError | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown) || typeof thrown.status !== 'number')
    return undefined;
  if (thrown.status === 413) return new ApiError('too_large', 'the body is too large');
  if (thrown.status === 415)
    return new ApiError('unsupported_media_type', 'this encoding or character set is not supported');
  if (thrown.status < 400 || thrown.status > 499) return undefined;
  const isJson = 'type' in thrown && thrown.type === 'entity.parse.failed';
  return new ApiError(
    'invalid_request',
    isJson ? 'the body is not valid JSON' : 'the request could not be read',
  );
}

function reasonOf(cause: unknown): string | undefined {
  if (typeof cause === 'string') return cause;
  if (!(cause instanceof Error)) return undefined;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
