import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Client, type Question } from '../client.ts';
import { memoryOfTree } from '../processes.ts';
import { type RunningService, startService, withTemporaryFolder } from '../runningService.ts';
import { type Quantiles, quantiles } from '../statistics.ts';
import { openBare } from './bare.ts';
import { BIG_MODELS, makeBigModels } from './models.ts';

/** Service and bare engine take turns, so that both see the same machine. */
const ROUNDS = 6;
const PER_ROUND = 8;
// V8 compiles the code of a new process while it answers.
const WARMUP = 20;

/** What a client asks of CaffeNet until five are open, then the sixth. */
const FIVE = [
  ['deep-taylor', {}],
  ['lrp', { composite: 'epsilon-plus' }],
  ['gradient-times-input', {}],
  ['sensitivity', {}],
  ['guided-backprop', {}],
] as const;
const SIXTH = ['lrp', { composite: 'alpha2-beta1' }] as const;

export interface BigLatency {
  readonly model: string;
  readonly http: Quantiles;
  readonly bare: Quantiles;
}

export interface BigMeasurements {
  readonly latencies: readonly BigLatency[];
  /** CaffeNet from its definition into an empty store, by GET /models/caffenet. */
  readonly loadMs: number;
  /** From the start of a second service until it had answered an explanation of CaffeNet. */
  readonly warmStartMs: number;
  readonly fiveMethodsPssMib: number;
  /** The first answer of a sixth method, compiled by an earlier service, less what such an answer takes once it is open. */
  readonly sixthOpenMs: number;
}

/** @param data the folder with caffe/, onnx/ and imagenet/ */
export async function measureBig(data: string): Promise<BigMeasurements> {
  const photograph = (await readFile(join(data, 'imagenet/fish-bike.jpg'))).toString('base64');
  return withTemporaryFolder((modelsDir) =>
    withTemporaryFolder(async (cacheDir) => {
      await makeBigModels(data, modelsDir);
      const start = () => startService({ cacheDir, environment: { MODELS_DIR: modelsDir } });
      const ask = (model: string, method = 'deep-taylor', options: object = {}): Question => ({
        title: model,
        accept: 'image/png',
        body: Buffer.from(JSON.stringify({ model, method, options, input: { image: photograph } })),
      });
      const first = await withClient(await start(), async ({ url }, client) => {
        const began = performance.now();
        const loaded = await fetch(`${url}/models/caffenet`);
        if (!loaded.ok) throw new Error(`GET /models/caffenet answered ${loaded.status}: ${await loaded.text()}`);
        await loaded.arrayBuffer();
        const loadMs = performance.now() - began;
        const latencies: BigLatency[] = [];
        for (const { manifest } of BIG_MODELS) {
          latencies.push(await compare(manifest.name, client, ask(manifest.name), { modelsDir, cacheDir }));
        }
        for (const [method, options] of [...FIVE, SIXTH]) await client.ask(ask('caffenet', method, options));
        return { loadMs, latencies };
      });
      const second = await withClient(await start(), async ({ pid, startMs }, client) => {
        const answered = await client.ask(ask('caffenet'));
        for (const [method, options] of FIVE) await client.ask(ask('caffenet', method, options));
        const { pssMib } = await memoryOfTree(pid);
        const sixth = ask('caffenet', ...SIXTH);
        const opening = await client.ask(sixth);
        const open = [];
        for (let i = 0; i < PER_ROUND; i += 1) open.push((await client.ask(sixth)).ms);
        return {
          warmStartMs: startMs + answered.ms,
          fiveMethodsPssMib: pssMib,
          sixthOpenMs: opening.ms - quantiles(open).p50,
        };
      });
      return { ...first, ...second };
    }),
  );
}

async function compare(
  model: string,
  client: Client,
  question: Question,
  { modelsDir, cacheDir }: { readonly modelsDir: string; readonly cacheDir: string },
): Promise<BigLatency> {
  for (let i = 0; i < WARMUP; i += 1) await client.ask(question);
  const bare = await openBare(model, modelsDir, cacheDir, availableParallelism());
  for (let i = 0; i < WARMUP; i += 1) await bare.run();
  const times = { http: [] as number[], bare: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let i = 0; i < PER_ROUND; i += 1) times.http.push((await client.ask(question)).ms);
    for (let i = 0; i < PER_ROUND; i += 1) times.bare.push(await bare.run());
  }
  await bare.dispose();
  return { model, http: quantiles(times.http), bare: quantiles(times.bare) };
}

async function withClient<Result>(
  service: RunningService,
  use: (service: RunningService, client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(service.url);
  try {
    return await use(service, client);
  } finally {
    client.close();
    await service.stop();
  }
}
