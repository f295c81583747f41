import type { Network } from '../models/network.ts';
import type { Box } from '../models/preprocessing/pixels.ts';
import { arrayTensor, sizeOf } from '../models/tensors/tensor.ts';
import { METHOD_OPTIONS, type MethodName, type MethodOptions } from '../schemas/methods.ts';
import type { Engine } from '../services/engine/engine.ts';
import { openFrame } from '../services/explanation/frame.ts';
import { planExplanation } from '../services/explanation/methods/index.ts';
import { compilePlan, drive } from '../services/explanation/runPlan.ts';
import { outputsOf } from '../services/explanation/target.ts';
import { quantiles } from './statistics.ts';

/** One line of the table: a method with its options. */
export interface Candidate {
  readonly title: string;
  readonly method: MethodName;
  readonly options: Readonly<Record<string, unknown>>;
}

const lrp = (composite: string): Candidate => ({ title: `lrp ${composite}`, method: 'lrp', options: { composite } });
const plain = (method: MethodName, options = {}, title: string = method): Candidate => ({ title, method, options });

/** Methods of one run. */
export const SINGLE: readonly Candidate[] = [
  plain('gradient'),
  plain('guided-backprop'),
  plain('deep-taylor'),
  lrp('epsilon'),
  lrp('epsilon-plus'),
  lrp('epsilon-gamma-box'),
  lrp('alpha2-beta1'),
];

/** Methods of many runs. */
export const MANY: readonly Candidate[] = [
  plain('integrated-gradients', { steps: 8 }, 'integrated-gradients, 8 steps'),
  plain('smoothgrad', { n: 8 }, 'smoothgrad, n = 8'),
  plain('occlusion', { window: 7, stride: 7 }, 'occlusion, 16 windows'),
];

/** Median milliseconds of one line at one batch size, and as a multiple of the forward pass measured between. */
export interface Timing {
  readonly title: string;
  readonly ms: number;
  readonly multiple: number;
}

interface Runner {
  readonly title: string;
  run(batch: number): Promise<unknown>;
  dispose(): Promise<void>;
}

/**
 * Times the forward pass and every candidate in turn, round after round, so that a drift of the machine's speed meets all
 * of them alike.
 * @param whileOpen called when all was timed and everything is still compiled
 */
export async function timeMethods(
  engine: Engine,
  subject: { readonly network: Network; readonly box: Box | null },
  candidates: readonly Candidate[],
  batch: number,
  rounds: number,
  whileOpen: () => Promise<void> = async () => {},
): Promise<readonly Timing[]> {
  const runners = [await forwardRunner(engine, subject)];
  for (const candidate of candidates) runners.push(await methodRunner(engine, subject, candidate));
  const durations = new Map<string, number[]>(runners.map(({ title }) => [title, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const { title, run } of runners) {
      const started = performance.now();
      await run(batch);
      if (round >= 0) durations.get(title)?.push(performance.now() - started);
    }
  }
  await whileOpen();
  for (const runner of runners) await runner.dispose();
  const median = (title: string) => quantiles(durations.get(title) ?? []).p50;
  const [forward] = runners;
  return runners.map(({ title }) => ({
    title,
    ms: median(title),
    multiple: median(title) / median(forward?.title ?? ''),
  }));
}

type Subject = Parameters<typeof timeMethods>[1];

async function forwardRunner(engine: Engine, { network, box }: Subject): Promise<Runner> {
  const { g, scores } = openFrame({ network, box });
  const executable = await engine.compile(g.build({ scores }), network.id);
  return {
    title: 'forward',
    run: (batch) => executable.run(inputsOf(network, batch)),
    dispose: () => executable.dispose(),
  };
}

async function methodRunner(engine: Engine, subject: Subject, { title, method, options }: Candidate): Promise<Runner> {
  const parsed = METHOD_OPTIONS[method].parse(options) as MethodOptions<typeof method>;
  const plan = planExplanation(subject, method, parsed);
  const executables = await compilePlan(engine, plan, subject.network.id);
  return {
    title,
    run: (batch) => {
      const count = plan.parameters.length;
      const rows = Float32Array.from({ length: batch * count }, (_, i) => plan.parameters[i % count] ?? 0);
      const parameters = count === 0 ? null : arrayTensor([batch, count], rows);
      return drive(plan, executables, { ...inputsOf(subject.network, batch), parameters });
    },
    dispose: async () => {
      for (const executable of Object.values(executables)) await executable.dispose();
    },
  };
}

function inputsOf(network: Network, batch: number) {
  const size = sizeOf(network.inputShape);
  const outputs = outputsOf(network);
  return {
    input: arrayTensor(
      [batch, ...network.inputShape],
      Float32Array.from({ length: batch * size }, (_, i) => 0.5 + 0.5 * Math.sin(0.013 * i)),
    ),
    target: arrayTensor([batch, outputs], new Float32Array(batch * outputs)),
  };
}
