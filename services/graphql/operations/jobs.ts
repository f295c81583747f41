import { parseExplainJson } from '../../../schemas/explain.ts';
import { parseOrRefuse } from '../../../schemas/faults.ts';
import { type Job, type JobKind, jobListQuerySchema } from '../../../schemas/jobs.ts';
import { parsePrototype } from '../../../schemas/prototype.ts';
import { checkIdempotencyKey } from '../../answers/idempotencyKey.ts';
import { prepareCommand } from '../../compute/explainCommand.ts';
import { preparePrototype } from '../../compute/prototype/prepare.ts';
import { explanationJobRequest } from '../../jobs/explanation/request.ts';
import { prototypeJobRequest } from '../../jobs/prototype/request.ts';
import type { OperationContext } from '../context.ts';
import type { EventSource } from '../types/jobEvents.ts';
import { withoutNulls } from '../withoutNulls.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** `job(id)`. @throws ElucidError `unknown-job` */
export function readJob({ id }: Arguments, { jobs, principal }: OperationContext): Promise<Job> {
  return jobs.get(String(id), principal.owner);
}

/** `jobs(state, limit, cursor)`. @throws ElucidError `invalid` */
export function listJobs(args: Arguments, { jobs, principal }: OperationContext) {
  const query = parseOrRefuse(jobListQuerySchema, withoutNulls(args));
  return jobs.list({ owner: principal.owner, ...query });
}

/** `cancelJob(id)`. @throws ElucidError `unknown-job`, `already-ended` */
export function cancelJob({ id }: Arguments, { jobs, principal }: OperationContext): Promise<Job> {
  return jobs.cancel(String(id), principal.owner);
}

/** `createPrototype(request)`: what can be told without searching is told at once. @throws ElucidError as POST /prototype */
export async function createPrototype(args: Arguments, context: OperationContext): Promise<Job> {
  const { service, registry, uploads, principal, signal } = context;
  const parsed = await uploads.resolvePrototype(parsePrototype(withoutNulls(args['request'])), principal.owner);
  const { task } = await preparePrototype(parsed, { service, registry }, signal);
  return submit('prototype', prototypeJobRequest(parsed, task.model.manifest.version), args, context);
}

/** `createExplanationJob(request)`. @throws ElucidError as POST /explain */
export async function createExplanationJob(args: Arguments, context: OperationContext): Promise<Job> {
  const { registry, uploads, principal, config } = context;
  const render = withoutNulls(args['render'] ?? {});
  const given = parseExplainJson({ ...Object(withoutNulls(args['request'])), render });
  const parsed = await uploads.resolve(given, principal.owner);
  const model = registry.get(parsed.model, parsed.version);
  prepareCommand(parsed, model, { drawn: true, maxRuns: config.MAX_RUNS });
  return submit('explanation', explanationJobRequest(parsed, model.manifest.version), args, context);
}

/**
 * `jobEvents(id, after)`. It can be ended while nothing happens: leaving a generator that waits would wait for the next
 * event.
 * @throws ElucidError `unknown-job`
 */
export async function jobEvents(
  args: Arguments,
  context: OperationContext,
): Promise<AsyncIterableIterator<EventSource>> {
  const { jobs, principal, signal } = context;
  const id = String(args['id']);
  await jobs.get(id, principal.owner);
  const left = new AbortController();
  const events = jobs.events(id, principal.owner, Number(args['after']), AbortSignal.any([signal, left.signal]));
  const leave = async () => {
    left.abort();
    await events.return();
  };
  const generator: AsyncIterableIterator<EventSource> = {
    next: async () => {
      const result = await events.next();
      return result.done === true ? result : { done: false, value: { ...result.value, id } };
    },
    return: async () => {
      await leave();
      return { done: true, value: undefined };
    },
    throw: async (error) => {
      await leave();
      throw error;
    },
    [Symbol.asyncIterator]: () => generator,
  };
  return generator;
}

async function submit(kind: JobKind, request: unknown, args: Arguments, context: OperationContext): Promise<Job> {
  const { idempotencyKey: key } = args;
  const idempotencyKey = typeof key === 'string' ? checkIdempotencyKey(key, 'idempotencyKey') : null;
  const { job } = await context.jobs.submit({ kind, owner: context.principal.owner, request, idempotencyKey });
  return job;
}
