import type { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { planExplanation } from '../../services/explanation/methods/index.ts';
import { compilePlan, drive } from '../../services/explanation/runPlan.ts';
import { temporaryStore } from '../support/engines.ts';
import { testDigits, type ZooModel, zooModel } from './zooModel.ts';

const BATCH = 500;

let store: TensorStore;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await temporaryStore());
});
afterAll(() => remove());

/** The prediction for every digit: the first largest score, by the scores that come with an explanation. */
async function predictions(model: ZooModel, digits: Awaited<ReturnType<typeof testDigits>>): Promise<number[]> {
  const engine = createOnnxEngine({ store, threads: 1 });
  const plan = planExplanation(model, 'gradient', {});
  const executables = await compilePlan(engine, plan, model.network.id);
  const predicted: number[] = [];
  for (let first = 0; first < digits.count; first += BATCH) {
    const count = Math.min(BATCH, digits.count - first);
    const target = arrayTensor([count, model.outputs], new Float32Array(count * model.outputs));
    const input = { input: model.inputs(digits, first, count), target, parameters: null };
    const { scores } = await drive(plan, executables, input);
    for (let row = 0; row < count; row += 1) {
      const own = scores?.data.subarray(row * model.outputs, (row + 1) * model.outputs) ?? new Float32Array();
      predicted.push(own.indexOf(Math.max(...own)));
    }
  }
  await engine.dispose();
  return predicted;
}

describe.each([
  ['mnist-mlp', 0.982],
  ['mnist-cnn', 0.992],
] as const)('%s', (name, required) => {
  test('is as accurate on the test digits as its manifest says', async () => {
    const digits = await testDigits();
    const model = await zooModel(name, store);
    const predicted = await predictions(model, digits);
    const right = predicted.filter((digit, index) => digit === digits.labels[index]).length;
    expect(predicted).toHaveLength(10_000);
    expect(right / 10_000).toBeGreaterThanOrEqual(required);
    // One digit may lie so close to a border that another engine's rounding decides.
    const stated = Number(model.manifest.metrics?.['test_accuracy']);
    expect(Math.abs(right - Math.round(stated * 10_000))).toBeLessThanOrEqual(1);
  }, 60_000);
});
