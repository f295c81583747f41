import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Answer, ask, json } from './http.ts';
import type { Question } from './questions.ts';
import { fault, type Reading } from './reading.ts';
import type { Tally } from './tally.ts';

/** What is known to be right, by kind and digit. */
export type Known = ReadonlyMap<string, readonly Reading[]>;

/** Pause after a fault of the connection, so that a dead service gives no endless list. */
const LOST_MS = 200;

/** Asks every question of a quiet service, one at a time. @param known where the readings go */
export async function learn(url: string, questions: readonly Question[], known: Map<string, Reading[]>): Promise<void> {
  for (const question of questions) {
    const answer = await ask(url, question.asked);
    if (answer.status !== 200) throw new Error(`${nameOf(question)}: ${answer.status} ${answer.body}`);
    known.set(nameOf(question), [...(known.get(nameOf(question)) ?? []), await question.read(answer)]);
  }
}

export interface TrafficOptions {
  readonly url: string;
  readonly questions: readonly Question[];
  readonly known: Known;
  readonly tally: Tally;
  /** Clients that ask at the same time, each one request after another. */
  readonly clients: number;
  readonly seed: number;
}

/** Mixed traffic until the signal, every answer checked; resolves when the last one has come. */
export async function traffic(options: TrafficOptions, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  await Promise.all(Array.from({ length: options.clients }, (_, client) => askOn(options, client, agent, signal)));
  agent.destroy();
}

async function askOn(options: TrafficOptions, client: number, agent: Agent, signal: AbortSignal): Promise<void> {
  const { questions, seed } = options;
  const random = xoroshiro128plus(seed * 1000 + client);
  while (!signal.aborted) {
    const question = questions[uniformInt(random, 0, questions.length - 1)];
    if (question !== undefined) await delay(await askOne(options, question, agent), undefined, { ref: true });
  }
}

/** @returns milliseconds until the client may ask again */
async function askOne({ url, known, tally }: TrafficOptions, question: Question, agent: Agent): Promise<number> {
  let answer: Answer;
  try {
    answer = await ask(url, question.asked, agent);
  } catch (error) {
    tally.lost(question.kind, error);
    return LOST_MS;
  }
  if (answer.status !== 200) return tally.refused(question.kind, answer) * 1000;
  const why = fault(await question.read(answer), known.get(nameOf(question)) ?? []);
  tally.answered(question.kind, answer.ms, why);
  return 0;
}

/** Asks every question once. */
export async function askAll(options: TrafficOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  for (const question of options.questions) await askOne(options, question, agent);
  agent.destroy();
}

/** Names a question. */
function nameOf({ kind, digit }: Question): string {
  return `${kind} ${digit}`;
}

/** What jobs are asked for, and what they give. */
const SEEDS = 4;
const STEPS = 1500;
export const PROTOTYPE = 'prototype as a job';
const LOOK_MS = 200;
const JOB_PATIENCE_MS = 120_000;

/** A prototype job by its seed. */
function prototype(seed: number) {
  return json('/prototype', { model: 'mnist-cnn', target: seed, seed, steps: STEPS, tolerance: 0 });
}

/** Submits a prototype job after another until the signal, and waits for the results of all. */
export async function jobs(
  { url, known, tally }: Pick<TrafficOptions, 'url' | 'known' | 'tally'>,
  signal: AbortSignal,
): Promise<void> {
  for (let seed = 0; !signal.aborted; seed = (seed + 1) % SEEDS) {
    const started = performance.now();
    try {
      const submitted = await ask(url, prototype(seed));
      if (submitted.status !== 202) {
        await delay(tally.refused(PROTOTYPE, submitted) * 1000);
        continue;
      }
      const read = await jobResult(url, JSON.parse(submitted.body.toString()).id);
      const ms = performance.now() - started;
      if ('code' in read) tally.failed(PROTOTYPE, ms, read.code);
      else tally.answered(PROTOTYPE, ms, fault(read, known.get(`${PROTOTYPE} ${seed}`) ?? []));
    } catch (error) {
      tally.lost(PROTOTYPE, error);
      await delay(LOST_MS);
    }
  }
}

/** Learns what the jobs give. */
export async function learnJobs(url: string, known: Map<string, Reading[]>): Promise<void> {
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const read = await jobResult(url, JSON.parse((await ask(url, prototype(seed))).body.toString()).id);
    if ('code' in read) throw new Error(`a job failed: ${read.code}`);
    known.set(`${PROTOTYPE} ${seed}`, [read]);
  }
}

/** What a job gave when it has ended, or the code with which it failed. @throws Error when it is forgotten or does not end */
async function jobResult(url: string, id: string): Promise<Reading | { readonly code: string }> {
  const deadline = performance.now() + JOB_PATIENCE_MS;
  while (performance.now() < deadline) {
    const job = await ask(url, { path: `/jobs/${id}` });
    if (job.status !== 200) throw new Error(`job ${id}: ${job.status} ${job.body}`);
    const { state, error } = JSON.parse(job.body.toString());
    if (state === 'succeeded') {
      const result = await ask(url, { path: `/jobs/${id}/result`, headers: { accept: 'application/json' } });
      if (result.status !== 200) throw new Error(`result of job ${id}: ${result.status} ${result.body}`);
      return readPrototype(result.body);
    }
    if (state !== 'queued' && state !== 'running') return { code: error?.code ?? state };
    await delay(LOOK_MS);
  }
  throw new Error(`job ${id} has not ended after ${JOB_PATIENCE_MS} ms`);
}

/** A search that went on from a checkpoint ends where one does that was never interrupted. */
function readPrototype(body: Buffer): Reading {
  const { model, options, prototypes } = JSON.parse(body.toString());
  const [{ target, objective, probability, steps }] = prototypes;
  const facts = [model.name, model.version, options.seed, target.index, steps].join(' ');
  return { facts, values: [objective, probability], tolerance: 1e-5 };
}
