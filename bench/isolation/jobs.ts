import { setTimeout } from 'node:timers/promises';
import { type Job, jobSchema } from '../../schemas/jobs.ts';

/** Pause between two looks at a job. */
const LOOK_MS = 20;

/** Prototypes as a client asks for them. */
export class PrototypeJobs {
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** @throws Error for any answer but 202 */
  async submit(body: object): Promise<string> {
    const answer = await fetch(`${this.url}/prototype`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.status !== 202) throw new Error(`POST /prototype answered ${answer.status}: ${await answer.text()}`);
    return jobSchema.parse(await answer.json()).id;
  }

  async get(id: string): Promise<Job> {
    return jobSchema.parse(await (await fetch(`${this.url}/jobs/${id}`)).json());
  }

  /** The job as soon as it is as wanted. @throws Error when it fails, or ends without that */
  async until(id: string, wanted: (job: Job) => boolean): Promise<Job> {
    for (;;) {
      const job = await this.get(id);
      if (wanted(job)) return job;
      if (job.finished !== null) throw new Error(`job ${id} is ${job.state}: ${job.error?.detail ?? ''}`);
      await setTimeout(LOOK_MS);
    }
  }

  async cancel(id: string): Promise<void> {
    const answer = await fetch(`${this.url}/jobs/${id}`, { method: 'DELETE' });
    if (answer.status !== 202) throw new Error(`DELETE /jobs/${id} answered ${answer.status}`);
  }

  /** What a job gave, as JSON. */
  async result(id: string): Promise<unknown> {
    return (await fetch(`${this.url}/jobs/${id}/result`)).json();
  }
}
