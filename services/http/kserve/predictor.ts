import { HttpFailure } from '../problem.ts';

/** Another server that predicts for one model; this one only explains it. Named by the operator, never by a client. */
export interface Predictor {
  /** Name of the model. */
  readonly model: string;
  /** http://host:port */
  readonly origin: string;
  /** Longest that it may take to answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** An answer to hand on as it is: any status, JSON. */
export interface RelayedAnswer {
  readonly status: number;
  readonly json: string;
}

/**
 * Asks the predictor. Only the body is sent on, no header of the client's; redirects are not followed.
 * @throws HttpFailure `predictor-failed` when it cannot be reached or answers something else than JSON
 */
export async function askPredictor(
  { model, origin, timeoutMs }: Predictor,
  body: unknown,
  signal: AbortSignal,
): Promise<RelayedAnswer> {
  try {
    const response = await fetch(`${origin}/v1/models/${model}:predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const json = await response.text();
    JSON.parse(json);
    return { status: response.status, json };
  } catch (error) {
    signal.throwIfAborted();
    throw new HttpFailure('predictor-failed', `the predictor of ${model} ${faultOf(error, timeoutMs)}`);
  }
}

function faultOf(error: unknown, timeoutMs: number): string {
  if (error instanceof SyntaxError) return 'did not answer with JSON';
  return (error as Error).name === 'TimeoutError' ? `did not answer within ${timeoutMs} ms` : 'cannot be reached';
}
