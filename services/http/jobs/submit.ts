import type { FastifyReply, FastifyRequest } from 'fastify';
import { ENDED, type Job, type JobKind } from '../../../schemas/jobs.ts';
import type { Owner } from '../../access/principal.ts';
import { checkIdempotencyKey } from '../../answers/idempotencyKey.ts';
import type { HttpContext } from '../context.ts';
import { jobPath } from './eventStream.ts';
import { readPreferences } from './preferences.ts';
import { sendResult } from './presenter.ts';

/** Longest that an answer waits for the end of a job, in seconds. */
export const MAX_WAIT_S = 60;

/** When a client should look again, in seconds. */
const LOOK_AGAIN_S = 1;

/** A long computation that a request asks for. */
export interface SubmittedWork {
  readonly kind: JobKind;
  /** Serialisable as JSON; the executor of the kind gets it back. */
  readonly request: unknown;
  /** Whether `Prefer: respond-async` is what made it a job. */
  readonly respondAsync: boolean;
}

/**
 * Answers a request by a job: 202 with the job and its place, also where an `Idempotency-Key` leads to one that has
 * ended. With `Prefer: wait=N` the answer is the result itself if it is ready within N seconds, and at most MAX_WAIT_S.
 * @throws ElucidError `invalid` for a bad key, `idempotency-conflict`, `queue-full`, `storage-full`, `stopping`; there is
 *   no new job then
 */
export async function submitJob(
  request: FastifyRequest,
  reply: FastifyReply,
  context: Pick<HttpContext, 'jobs' | 'presenters' | 'streams'>,
  { kind, request: asked, respondAsync }: SubmittedWork,
): Promise<FastifyReply> {
  const { jobs, presenters, streams } = context;
  const { owner } = request.principal;
  const { wait } = readPreferences(request.headers.prefer);
  const seconds = wait === null ? null : Math.min(wait, MAX_WAIT_S);
  const idempotencyKey = idempotencyKeyOf(request);
  const hold = seconds === null ? null : streams.hold(reply);
  const { job } = await jobs.submit({ kind, owner, request: asked, idempotencyKey });
  const applied = [...(respondAsync ? ['respond-async'] : []), ...(seconds === null ? [] : [`wait=${seconds}`])];
  if (applied.length > 0) reply.header('preference-applied', applied.join(', ')).header('vary', 'prefer');
  reply.header('location', jobPath(job.id));
  if (seconds === null || hold === null) return sendJob(job, reply);
  const now = await waited(job, owner, seconds, hold, jobs);
  if (!ENDED.has(now.state)) return sendJob(now, reply);
  return sendResult(await jobs.output(now.id, owner), presenters, request, reply);
}

/** The job when it has ended, or as it is after some seconds, when the client has gone or when the service stops. */
async function waited(
  job: Job,
  owner: Owner,
  seconds: number,
  hold: AbortController,
  jobs: HttpContext['jobs'],
): Promise<Job> {
  const timer = setTimeout(() => hold.abort(), seconds * 1000);
  try {
    return await jobs.ended(job.id, owner, hold.signal);
  } finally {
    clearTimeout(timer);
  }
}

function sendJob(job: Job, reply: FastifyReply): FastifyReply {
  if (!ENDED.has(job.state)) reply.header('retry-after', LOOK_AGAIN_S);
  return reply.code(202).send(job);
}

/** The header Idempotency-Key. @throws ElucidError `invalid` */
export function idempotencyKeyOf({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
  const key = headers['idempotency-key'];
  return key === undefined ? null : checkIdempotencyKey(String(key), 'Idempotency-Key');
}
