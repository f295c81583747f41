import { sizeOf } from '../../models/tensors/tensor.ts';
import type { PrototypePool } from '../../services/compute/prototype/prototypePool.ts';
import type { PrototypeTask } from '../../services/compute/prototype/prototypeTask.ts';
import type { ResolvedOptions } from '../../services/prototype/plan.ts';

type Hooks = Parameters<PrototypePool['run']>[1];
type Reply = Awaited<ReturnType<PrototypePool['run']>>;

/** Processes of jobs that search nothing: they answer with numbers that tests know, and keep what they were asked. */
export interface FakePrototypes {
  readonly tasks: PrototypeTask[];
  /** Runs before the fake answer. */
  before: ((task: PrototypeTask, hooks: Hooks) => Promise<void>) | null;
  run(task: PrototypeTask, hooks: Hooks): Promise<Reply>;
}

export function fakePrototypes(): FakePrototypes {
  const fake: FakePrototypes = {
    tasks: [],
    before: null,
    run: async (task, hooks) => {
      fake.tasks.push(task);
      await fake.before?.(task, hooks);
      return fakeReply(task);
    },
  };
  return fake;
}

/** Value of pixel i of prototype n: n / 16 + i / 8192. */
export function fakePixel(n: number, i: number): number {
  return n / 16 + i / 8192;
}

/** Of `all` the first ten outputs, else one; an animation has three frames, of which the f-th shows every pixel as f / 4. */
function fakeReply({ model, options }: PrototypeTask): Reply {
  const { target, count, steps, seed, tolerance, include } = options;
  const outputs = target === 'all' ? Array.from({ length: 10 }, (_, index) => index) : [0];
  const size = sizeOf(model.manifest.input.shape);
  const rows = outputs.flatMap((index) =>
    Array.from({ length: count }, (_, copy) => ({
      target: { index, label: `straße ${index}`, unit: null },
      copy,
      objective: -0.25,
      terms: { logit: 4, log_probability: -0.25, l2: 2 },
      probability: Math.exp(-0.25),
      steps,
      converged: false,
      trajectory: include.includes('trajectory')
        ? [
            { step: 0, objective: -3, probability: 0.1 },
            { step: steps, objective: -0.25, probability: Math.exp(-0.25) },
          ]
        : [],
    })),
  );
  const all = rows.length * size;
  return {
    rows,
    images: Float32Array.from({ length: all }, (_, at) => fakePixel(Math.floor(at / size), at % size)),
    frames: include.includes('animation')
      ? { steps: [0, 1, steps], data: Float32Array.from({ length: 3 * all }, (_, at) => Math.floor(at / all) / 4) }
      : null,
    engine: 'fake/cpu',
    options: { ...RESOLVED, steps, seed, tolerance, count },
    computeMs: 12.3456,
  };
}

const RESOLVED: ResolvedOptions = {
  variant: 'simple',
  objective: 'log-probability',
  init: 'mean',
  regularisers: { l2: 0.1, totalVariation: 0, blur: null, jitter: 0, clipNorm: 0, clipContribution: 0 },
  densityWeight: null,
  optimiser: { name: 'adam', learningRate: 0.05, finalLearningRate: 0.005 },
  steps: 200,
  tolerance: 1e-4,
  seed: 0,
  count: 1,
  diversity: { weight: 0, layer: null },
};
