import { z } from 'zod';
import { Client, type Question } from '../client.ts';
import { writeQuestions } from '../questions.ts';
import { withService } from '../runningService.ts';
import { type Quantiles, quantiles, repeat } from '../statistics.ts';
import { PrototypeJobs } from './jobs.ts';

/** Idle and busy blocks take turns, so that both see the same machine. */
const BLOCKS = 16;
const PER_BLOCK = 200;
const WARMUP = 200;

/** Jobs that run at a time. */
export const RUNNING = 2;

/** More work than the benchmark takes; the step at which a job counts as running. */
const ENDLESS = { model: 'mnist-cnn', target: 'all', count: 8, steps: 5000, tolerance: 0 };
const UNDER_WAY = 2;

/** What a block asks, and where the HTTP process says that the time went. */
const timedAnswer = z.object({ timing_ms: z.object({ queue: z.number(), compute: z.number() }) });

export interface Block {
  readonly latency: Quantiles;
  /** Medians of what the answers say themselves, in milliseconds. */
  readonly compute: number;
}

export interface Isolation {
  readonly perBlock: number;
  readonly idle: readonly Block[];
  readonly busy: readonly Block[];
  /** Steps that each job made in a second, while explanations were asked for and while they were not. */
  readonly steps: { readonly asked: number; readonly alone: number };
}

/** One client asks for explanations of mnist-cnn, in turn alone and while two jobs search prototypes of it. */
export async function measureIsolation(): Promise<Isolation> {
  const { timed } = await writeQuestions();
  return withService(
    async ({ url }) => {
      const client = new Client(url);
      const jobs = new PrototypeJobs(url);
      await repeat(0, WARMUP, () => client.ask(timed));
      const idle: Block[] = [];
      const busy: Block[] = [];
      const asked: number[] = [];
      const alone: number[] = [];
      await whileRunning(jobs, async () => undefined);
      for (let block = 0; block < BLOCKS; block += 1) {
        idle.push(await ask(client, timed));
        await whileRunning(jobs, async (stepsPerSecond) => {
          asked.push(await stepsPerSecond(async () => void busy.push(await ask(client, timed))));
          alone.push(await stepsPerSecond(() => new Promise((resolve) => setTimeout(resolve, 1000))));
        });
      }
      client.close();
      const median = (values: readonly number[]) => quantiles(values).p50;
      return { perBlock: PER_BLOCK, idle, busy, steps: { asked: median(asked), alone: median(alone) } };
    },
    { JOB_WORKERS: String(RUNNING) },
  );
}

async function ask(client: Client, question: Question): Promise<Block> {
  const answers = await repeat(0, PER_BLOCK, () => client.ask(question));
  const times = answers.map(({ body }) => timedAnswer.parse(JSON.parse(body.toString())).timing_ms);
  return {
    latency: quantiles(answers.map(({ ms }) => ms)),
    compute: quantiles(times.map(({ compute }) => compute)).p50,
  };
}

/** Steps per second and job while something else happens. */
type StepsPerSecond = (meanwhile: () => Promise<unknown>) => Promise<number>;

/** Lets two jobs run for as long as `use` takes. */
async function whileRunning(jobs: PrototypeJobs, use: (speed: StepsPerSecond) => Promise<unknown>): Promise<void> {
  const ids = await Promise.all(Array.from({ length: RUNNING }, (_, seed) => jobs.submit({ ...ENDLESS, seed })));
  const steps = async () => {
    const running = await Promise.all(ids.map((id) => jobs.get(id)));
    return running.reduce((sum, { progress }) => sum + progress.step, 0) / RUNNING;
  };
  await Promise.all(ids.map((id) => jobs.until(id, ({ progress }) => progress.step >= UNDER_WAY)));
  await use(async (meanwhile) => {
    const [from, began] = [await steps(), performance.now()];
    await meanwhile();
    return ((await steps()) - from) / ((performance.now() - began) / 1000);
  });
  await Promise.all(ids.map((id) => jobs.cancel(id)));
  // The processes are free again when they take another job.
  const next = await Promise.all(ids.map(() => jobs.submit({ model: 'mnist-cnn', target: 0, steps: 1 })));
  await Promise.all(next.map((id) => jobs.until(id, ({ state }) => state === 'succeeded')));
}
