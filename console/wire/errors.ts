// Errors of the API as exceptions, with all that helps a person to act.

export type Issue = { path: string; code: string; message: string };

/** An answer other than 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly issues: readonly Issue[];
  readonly requestId: string | null;

  constructor(
    status: number,
    code: string,
    message: string,
    issues: readonly Issue[],
    requestId: string | null,
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.issues = issues;
    this.requestId = requestId;
  }
}

type ErrorBody = {
  error?: { code?: string; message?: string; issues?: Issue[]; request_id?: string };
};

export async function errorFrom(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const { code = 'unknown', message = `the API answered ${response.status}`, issues = [] } = body.error ?? {};
  const requestId = body.error?.request_id ?? response.headers.get('x-request-id');
  return new ApiError(response.status, code, message, issues, requestId);
}
