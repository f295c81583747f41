import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Job, jobSchema } from '../../schemas/jobs.ts';
import { type PrototypesAnswer, prototypesSchema } from '../../schemas/prototypes.ts';
import { type ReceivedEvent, receivedEvents } from '../support/eventSource.ts';
import type { RunningService } from './runningService.ts';

type Headers = Readonly<Record<string, string>>;

/** What an event of a job says. */
export const eventDataSchema = z.looseObject({
  state: z.string().optional(),
  result: z.string().optional(),
  step: z.number().optional(),
  steps: z.number().optional(),
  objective: z.number().nullable().optional(),
  preview: z.string().optional(),
});

/** What clients do with prototypes. */
export class PrototypeClient {
  private readonly service: RunningService;

  constructor(service: RunningService) {
    this.service = service;
  }

  post(body: object, headers: Headers = {}): Promise<Response> {
    return fetch(`${this.service.url}/prototype`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** The id of a new job. @throws Error for any answer but 202 */
  async submit(body: object, headers: Headers = {}): Promise<string> {
    const answer = await this.post(body, headers);
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    return jobSchema.parse(await answer.json()).id;
  }

  /** The result as bytes, however long it takes. @throws Error when the job fails */
  async bytes(body: object, accept: string): Promise<Buffer> {
    return this.result(await this.submit(body), accept);
  }

  /** The result as JSON, however long it takes. */
  async json(body: object): Promise<PrototypesAnswer> {
    return prototypesSchema.parse(JSON.parse((await this.bytes(body, 'application/json')).toString()));
  }

  /** The result of a job as bytes, when it has ended. @throws Error when it failed */
  async result(id: string, accept: string): Promise<Buffer> {
    const { state, error } = await this.ended(id);
    if (state !== 'succeeded') throw new Error(`the job is ${state}: ${error?.detail}`);
    const answer = await this.get(`/jobs/${id}/result`, { accept });
    return Buffer.from(await answer.arrayBuffer());
  }

  get(path: string, headers: Headers = {}): Promise<Response> {
    return fetch(this.service.url + path, { headers });
  }

  async job(id: string): Promise<Job> {
    return jobSchema.parse(await (await this.get(`/jobs/${id}`)).json());
  }

  async ended(id: string): Promise<Job> {
    for await (const _event of this.events(id)) {
      // Only the end counts.
    }
    return this.job(id);
  }

  async *events(id: string): AsyncGenerator<ReceivedEvent, void, void> {
    yield* receivedEvents(await this.get(`/jobs/${id}/events`));
  }

  /** Waits until a job makes steps. */
  async stepping(id: string): Promise<void> {
    for await (const { type } of this.events(id)) if (type === 'progress') return;
    throw new Error('the job ended without a step');
  }

  cancel(id: string): Promise<Response> {
    return fetch(`${this.service.url}/jobs/${id}`, { method: 'DELETE' });
  }

  /** The processes that work on prototypes. */
  async processes(): Promise<number[]> {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,args=']);
    const own = await this.service.descendants();
    return stdout.split('\n').flatMap((line) => {
      const [, pid, command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return command.includes('prototypeWorker') && own.includes(Number(pid)) ? [Number(pid)] : [];
    });
  }

  /** A process that works on prototypes and is none of these, when there is one. */
  async processBut(others: readonly number[]): Promise<number> {
    for (;;) {
      const found = (await this.processes()).find((pid) => !others.includes(pid));
      if (found !== undefined) return found;
      await setTimeout(20);
    }
  }
}

/** Waits until a job has left where it stands under a DATA_DIR. */
export async function checkpointOf(id: string, dataDir: string): Promise<void> {
  while (!existsSync(join(dataDir, 'jobs', id, 'checkpoint'))) await setTimeout(5);
}
