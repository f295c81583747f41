import type { TensorStore } from '../../models/tensors/store.ts';
import { METHOD_NAMES, type MethodName } from '../../schemas/methods.ts';
import { COMPOSITE_PRESETS } from '../../schemas/rules.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { createTensorflowEngine } from '../../services/engine/tensorflow/engine.ts';
import { temporaryStore } from '../support/engines.ts';
import { explain } from '../support/explain.ts';
import { testDigits, type ZooModel, zooModel } from './zooModel.ts';

const DIGITS = 20;

const CASES: readonly (readonly [string, MethodName, Record<string, unknown>])[] = [
  ...METHOD_NAMES.map((method) => [method, method, {}] as const),
  ...COMPOSITE_PRESETS.map((composite) => [`lrp, ${composite}`, 'lrp', { composite }] as const),
];

/**
 * A ReLU whose input rounds to another sign on the other engine changes a gradient by a jump. Among the noisy copies of
 * SmoothGrad one such jump is to be expected; the mean weakens it.
 */
const TOLERANCES: Readonly<Record<string, number>> = { smoothgrad: 2e-3 };

let store: TensorStore;
let remove: () => Promise<void>;
let engines: { readonly onnx: Engine; readonly tensorflow: Engine };
beforeAll(async () => {
  ({ store, remove } = await temporaryStore());
  engines = { onnx: createOnnxEngine({ store, threads: 1 }), tensorflow: await createTensorflowEngine({ store }) };
});
afterAll(async () => {
  await Promise.all([engines.onnx.dispose(), engines.tensorflow.dispose()]);
  await remove();
});

/** For each digit the largest |a − b|, relative to the largest |b|. */
function deviations(a: Float32Array, b: Float32Array): number[] {
  const size = b.length / DIGITS;
  return Array.from({ length: DIGITS }, (_, row) => {
    let [difference, largest] = [0, 0];
    for (let i = row * size; i < (row + 1) * size; i += 1) {
      difference = Math.max(difference, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
      largest = Math.max(largest, Math.abs(b[i] ?? 0));
    }
    return difference / largest;
  });
}

describe.each(['mnist-mlp', 'mnist-cnn'])('%s', (name) => {
  let model: ZooModel;
  let input: ReturnType<ZooModel['inputs']>;
  beforeAll(async () => {
    model = await zooModel(name, store);
    input = model.inputs(await testDigits(), 0, DIGITS);
  });

  test.each(CASES)(
    '%s: both engines agree to 1e-4 of the largest relevance, but for jumps of the gradient',
    async (_title, method, options) => {
      const tolerance = TOLERANCES[method] ?? 1e-4;
      const targets = Array.from({ length: DIGITS }, () => null);
      const [onnx, tensorflow] = await Promise.all(
        [engines.onnx, engines.tensorflow].map(async (engine) => {
          const { outputs } = await explain(engine, model, method, options, input, targets);
          return outputs['relevance']?.data ?? new Float32Array();
        }),
      );
      if (onnx === undefined || tensorflow === undefined) throw new Error('two engines give two results');
      expect(onnx).toHaveLength(DIGITS * 784);
      expect(deviations(onnx, tensorflow).filter((deviation) => !(deviation <= tolerance))).toEqual([]);
    },
    30_000,
  );
});
