import { z } from 'zod';
import { type BareEngine, measureEngine } from './bareEngine.ts';
import { Client, type Question } from './client.ts';
import { memoryOfTree, type ProcessMemory, type ProcessorTime, processorTimeOfTree } from './processes.ts';
import { writeQuestions } from './questions.ts';
import { type RunningService, startService, withTemporaryFolder } from './runningService.ts';
import { type Quantiles, quantiles, repeat } from './statistics.ts';
import { measureThroughput, type Throughput } from './throughput.ts';

/** Requests after which V8 has compiled what every request runs; then a few of each kind. */
export const FIRST_WARMUP = 3000;
const WARMUP = 200;
const TIMES = 1000;

const STAGES = ['decode', 'queue', 'compute', 'render'] as const;
const timedAnswer = z.object({
  timing_ms: z.object({
    decode: z.number(),
    queue: z.number(),
    compute: z.number(),
    render: z.number(),
    total: z.number(),
  }),
});

/** From the start of the process to its readiness, and how long the first question took then. */
export interface Start {
  readonly readyMs: number;
  readonly firstMs: number;
}

export interface Latency {
  readonly question: Question;
  readonly latency: Quantiles;
  /** Per request; unlike durations hardly touched by what else the machine does. */
  readonly processor: ProcessorTime;
}

export interface Load {
  readonly question: Question;
  readonly throughput: Throughput;
}

export interface Measurements {
  readonly times: number;
  readonly cold: Start;
  readonly warm: Start;
  readonly latencies: readonly Latency[];
  readonly loads: readonly Load[];
  readonly stages: ReadonlyMap<string, number>;
  readonly memory: ProcessMemory;
  readonly engine: BareEngine;
}

/** Starts the built service twice (without and with what it keeps over restarts) and asks it by one client, then many. */
export async function measure(): Promise<Measurements> {
  return withTemporaryFolder(async (cacheDir) => {
    const { picture, tensor, others, timed } = await writeQuestions();
    const cold = await withStarted(cacheDir, (service, client) => measureStart(service, client, picture));
    const served = await withStarted(cacheDir, async (service, client) => {
      const warm = await measureStart(service, client, picture);
      await repeat(0, FIRST_WARMUP, () => client.ask(picture));
      const latencies: Latency[] = [];
      for (const question of [picture, tensor, ...others]) {
        latencies.push(await measureLatency(service, client, question));
      }
      const stages = await measureStages(client, timed);
      const loads: Load[] = [];
      for (const question of [picture, tensor]) {
        loads.push({ question, throughput: await measureThroughput(service.url, question) });
      }
      return { warm, latencies, stages, loads, memory: await memoryOfTree(service.pid) };
    });
    return { times: TIMES, cold, ...served, engine: await measureEngine(cacheDir) };
  });
}

async function withStarted<Result>(
  cacheDir: string,
  use: (service: RunningService, client: Client) => Promise<Result>,
): Promise<Result> {
  const service = await startService({ cacheDir });
  const client = new Client(service.url);
  try {
    return await use(service, client);
  } finally {
    client.close();
    await service.stop();
  }
}

async function measureStart(service: RunningService, client: Client, question: Question): Promise<Start> {
  return { readyMs: service.startMs, firstMs: (await client.ask(question)).ms };
}

async function measureLatency({ pid }: RunningService, client: Client, question: Question): Promise<Latency> {
  await repeat(0, WARMUP, () => client.ask(question));
  const before = await processorTimeOfTree(pid);
  const answers = await repeat(0, TIMES, () => client.ask(question));
  const after = await processorTimeOfTree(pid);
  const processor = {
    main: (after.main - before.main) / TIMES,
    descendants: (after.descendants - before.descendants) / TIMES,
  };
  return { question, latency: quantiles(answers.map(({ ms }) => ms)), processor };
}

/** The median of every stage, in the order of the road. */
async function measureStages(client: Client, question: Question): Promise<ReadonlyMap<string, number>> {
  const answers = await repeat(WARMUP, TIMES, () => client.ask(question));
  const rows = answers.map(({ body, ms }) => {
    const { timing_ms: timing } = timedAnswer.parse(JSON.parse(body.toString()));
    const named = STAGES.reduce((sum, stage) => sum + timing[stage], 0);
    return { ...timing, service: timing.total - named, client: ms - timing.total, sum: ms };
  });
  const median = (stage: keyof (typeof rows)[number]) => quantiles(rows.map((row) => row[stage])).p50;
  return new Map([
    ['decode: the picture, in the ingest process', median('decode')],
    ['queue: waiting for a turn', median('queue')],
    ['compute: the graph, in the explain process', median('compute')],
    ['render: draw and encode the map', median('render')],
    ['rest of the service: parse, validate, between processes, write', median('service')],
    ['HTTP and client', median('client')],
    ['all, as the client sees it', median('sum')],
  ]);
}
