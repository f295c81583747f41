import { z } from 'zod';

/**
 * Everything that can go wrong at a client's wish, or because of one, by a stable code. One table in the HTTP layer maps
 * codes to status codes; nothing below it knows of HTTP.
 */
export const ERROR_CODES = [
  'bad-body', // the body cannot be parsed
  'invalid', // the request breaks the schema, or asks for the impossible
  'not-acceptable', // no representation that the client accepts
  'unauthorized', // no key, or a wrong one
  'forbidden', // not for this client
  'rate-limited', // more than the client may do in a minute
  'unknown-model', // no such model, or version of it
  'unknown-layer', // no such layer of the model
  'unknown-route',
  'unknown-job', // no such job, or its time is over
  'unknown-image', // no such uploaded image, or its time is over
  'unknown-picture', // no such link to a picture, or its time is over
  'not-finished', // the result of a job that has not ended
  'already-ended', // a job that cannot be cancelled any more
  'cancelled', // the job was cancelled
  'idempotency-conflict', // the key was used for another request
  'method-not-allowed',
  'not-applicable', // the method or rule does not fit the model
  'out-of-box', // the input leaves the model's box
  'too-large', // bytes or pixels
  'unsupported-image', // empty, truncated, or of a foreign format
  'unsupported-media-type', // the body's type
  'model-failed', // the model's files cannot be loaded
  'non-finite', // a result held NaN or an infinity
  'queue-full',
  'storage-full', // no room under DATA_DIR
  'deadline',
  'worker-lost', // a worker process died twice over this request
  'gone', // the client went away before the answer
  'stopping', // the service is shutting down
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One fault inside a request: where (a JSON pointer into the request) and what. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** An error with a stable code and a message for the client: what was wrong, what was received, what is allowed. */
export class ElucidError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];

  constructor(code: ErrorCode, message: string, faults: readonly Fault[] = []) {
    super(message);
    this.name = 'ElucidError';
    this.code = code;
    this.faults = faults;
  }
}

/** A fault at one place of the request, as an error. */
export function faultAt(code: ErrorCode, pointer: string, detail: string): ElucidError {
  return new ElucidError(code, detail, [{ pointer, detail }]);
}

/** An `ElucidError` as plain data, as it arrives from another process. */
export const ELUCID_FAULTS = z.object({
  name: z.literal('ElucidError'),
  code: z.enum(ERROR_CODES),
  message: z.string(),
  faults: z.array(z.object({ pointer: z.string(), detail: z.string() })),
});
