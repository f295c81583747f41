import { ElucidError, type ErrorCode, type Fault } from '../../schemas/errors.ts';
import type { Problem } from '../../schemas/problem.ts';

/** Codes of the HTTP layer's own: what is no fault of a request. */
export type ProblemCode =
  | ErrorCode
  | 'internal'
  | 'not-ready'
  | 'predictor-failed'
  | 'timeout'
  | 'header-too-large'
  | 'url-too-long'
  | 'misdirected'
  | 'too-many-connections';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Seconds after which another try makes sense. */
  readonly retryAfter?: number;
}

/** The one place that maps errors to HTTP. */
export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = {
  'bad-body': { status: 400, title: 'The body cannot be parsed' },
  invalid: { status: 422, title: 'The request is invalid' },
  'not-acceptable': { status: 406, title: 'No acceptable representation' },
  unauthorized: { status: 401, title: 'A key is needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'unknown-model': { status: 404, title: 'Unknown model' },
  'unknown-layer': { status: 404, title: 'Unknown layer' },
  'unknown-route': { status: 404, title: 'No such resource' },
  'unknown-job': { status: 404, title: 'Unknown job' },
  'unknown-image': { status: 404, title: 'Unknown image' },
  'unknown-picture': { status: 404, title: 'Unknown picture' },
  'not-finished': { status: 409, title: 'The job has not ended', retryAfter: 1 },
  'already-ended': { status: 409, title: 'The job has ended' },
  cancelled: { status: 409, title: 'The job was cancelled' },
  'idempotency-conflict': { status: 422, title: 'The idempotency key belongs to another request' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'not-applicable': { status: 422, title: 'The method does not fit the model' },
  'out-of-box': { status: 422, title: 'The input leaves its legal box' },
  'too-large': { status: 413, title: 'Too large' },
  'unsupported-image': { status: 415, title: 'Not a readable image' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'model-failed': { status: 500, title: 'The model cannot be loaded' },
  'non-finite': { status: 422, title: 'The result is not finite' },
  'queue-full': { status: 503, title: 'Too many requests wait', retryAfter: 1 },
  'storage-full': { status: 503, title: 'No room to keep more', retryAfter: 60 },
  deadline: { status: 503, title: 'Not done in time', retryAfter: 5 },
  'worker-lost': { status: 503, title: 'A worker was lost', retryAfter: 1 },
  gone: { status: 499, title: 'The client went away' },
  stopping: { status: 503, title: 'The service is stopping', retryAfter: 10 },
  'not-ready': { status: 503, title: 'Not ready', retryAfter: 1 },
  'predictor-failed': { status: 502, title: 'The predictor failed' },
  timeout: { status: 408, title: 'The request took too long to arrive' },
  'header-too-large': { status: 431, title: 'The headers are too large' },
  'url-too-long': { status: 414, title: 'The URL is too long' },
  misdirected: { status: 421, title: 'Not a name of this service' },
  'too-many-connections': { status: 503, title: 'Too many connections', retryAfter: 1 },
  internal: { status: 500, title: 'Internal error' },
};

/** Fastify's own errors and those of its plugins, by their codes. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_REQ_FILE_TOO_LARGE: 'too-large',
  FST_PARTS_LIMIT: 'too-large',
  FST_FIELDS_LIMIT: 'too-large',
  FST_FILES_LIMIT: 'invalid',
  FST_ERR_ASYNC_CONSTRAINT: 'unknown-route',
  FST_ERR_BAD_URL: 'unknown-route',
  FST_ERR_NOT_FOUND: 'unknown-route',
  FST_STATIC_FORBIDDEN_PATH: 'unknown-route',
};

/** Any other error of Fastify with one of these status codes. */
const FASTIFY_STATUSES: Readonly<Record<number, ErrorCode>> = {
  400: 'bad-body',
  404: 'unknown-route',
  406: 'bad-body',
  413: 'too-large',
  // A name in a path that is longer than any can be.
  414: 'unknown-route',
  415: 'unsupported-media-type',
};

/** What went wrong, for the client. */
export interface Failure {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly faults: readonly Fault[];
}

/** An error of the HTTP layer itself. */
export class HttpFailure extends Error implements Failure {
  override readonly name = 'HttpFailure';
  readonly code: ProblemCode;
  readonly faults: readonly Fault[] = [];

  constructor(code: ProblemCode, detail: string) {
    super(detail);
    this.code = code;
  }

  get detail(): string {
    return this.message;
  }
}

/** What to tell a client of an error. Nothing of an unexpected one: it is for the log. */
export function failureOf(error: unknown): Failure {
  if (error instanceof HttpFailure) return error;
  if (error instanceof ElucidError) return { code: error.code, detail: error.message, faults: error.faults };
  const code = fastifyCode(error);
  if (code === undefined || !(error instanceof Error)) {
    return {
      code: 'internal',
      detail: 'an unexpected error; the log of the service has it by the request id',
      faults: [],
    };
  }
  return { code, detail: error.message, faults: [] };
}

/** @param repeated whether the protocol wants the detail as `error`, too */
export function problemOf({ code, detail, faults }: Failure, requestId: string, repeated = false): Problem {
  const { status, title } = PROBLEMS[code];
  return {
    type: `urn:elucid:problem:${code}`,
    title,
    status,
    detail,
    instance: `urn:uuid:${requestId}`,
    code,
    request_id: requestId,
    errors: [...faults],
    ...(repeated ? { error: detail } : {}),
  };
}

function fastifyCode(error: unknown): ErrorCode | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  return code.startsWith('FST_') ? (FASTIFY_CODES[code] ?? FASTIFY_STATUSES[status]) : undefined;
}
