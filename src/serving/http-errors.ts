interface HttpErrorKind {
  readonly status: number;
  /** The default message. */
  readonly message: string;
}

/** The table of HTTP errors: the code of the JSON body and the status. */
export const httpErrorKinds = {
  BAD_REQUEST: { status: 400, message: 'the request is malformed' },
  UNAUTHENTICATED: { status: 401, message: 'a valid bearer token is needed' },
  FORBIDDEN: { status: 403, message: 'the token’s role does not allow this' },
  NOT_FOUND: { status: 404, message: 'no such address' },
  METHOD_NOT_ALLOWED: { status: 405, message: 'this address does not accept the method' },
  REQUEST_TIMEOUT: { status: 408, message: 'the request did not arrive in time' },
  CONFLICT: { status: 409, message: 'the current state does not allow this' },
  BODY_TOO_LARGE: { status: 413, message: 'the body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'the content type is not supported' },
  UNPROCESSABLE: { status: 422, message: 'the content cannot be used' },
  RATE_LIMITED: { status: 429, message: 'too many requests; wait before the next one' },
  HEADERS_TOO_LARGE: { status: 431, message: 'the headers are too large' },
  INTERNAL: {
    status: 500,
    message: 'internal error; the server’s log has the reason under the request’s id',
  },
  OVERLOADED: { status: 503, message: 'the queue is full; try again' },
  STOPPING: { status: 503, message: 'the server is stopping; try another one' },
  NOT_READY: { status: 503, message: 'no model is loaded' },
  ONNX_RUNTIME_MISSING: { status: 503, message: 'ONNX Runtime is not installed on the server' },
  FEEDBACK_FULL: { status: 507, message: 'no more feedback can be stored' },
  DEADLINE_EXCEEDED: { status: 504, message: 'no answer was ready before the deadline' },
} as const satisfies Record<string, HttpErrorKind>;

/** The code of an error, as the JSON body has it. */
export type HttpErrorCode = keyof typeof httpErrorKinds;

/** `Retry-After` in seconds, for errors after which the same request may succeed. */
const RETRY_AFTER_SECONDS: Partial<Record<HttpErrorCode, number>> = {
  RATE_LIMITED: 1,
  OVERLOADED: 1,
  STOPPING: 2,
  NOT_READY: 2,
};

/** A request that is answered with an error of the table. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  readonly status: number;
  readonly retryAfter: number | undefined;

  constructor(
    code: HttpErrorCode,
    message: string = httpErrorKinds[code].message,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'HttpError';
    this.code = code;
    this.status = httpErrorKinds[code].status;
    this.retryAfter = RETRY_AFTER_SECONDS[code];
  }
}

/** The code for a status that Fastify chose. */
export function codeOfStatus(status: number): HttpErrorCode {
  const found = Object.entries(httpErrorKinds).find(([, kind]) => kind.status === status);
  if (found) return found[0] as HttpErrorCode;
  return status >= 400 && status < 500 ? 'BAD_REQUEST' : 'INTERNAL';
}
