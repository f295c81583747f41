import type { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import type { MethodName } from '../../schemas/methods.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { ENGINES, temporaryStore } from '../support/engines.ts';
import { explain } from '../support/explain.ts';
import { GOLDEN_NAMES, type GoldenCase, goldenComposite, goldenNetwork, readGolden } from './goldenNetwork.ts';

const METHODS: Readonly<Record<string, MethodName>> = {
  gradient: 'gradient',
  sensitivity: 'sensitivity',
  gradient_times_input: 'gradient-times-input',
  integrated_gradients: 'integrated-gradients',
  lrp: 'lrp',
};

/** Integrated gradients are right Riemann sums from a baseline of 0. */
function optionsOf({ rules, steps }: GoldenCase): Record<string, unknown> {
  if (steps !== undefined) return { steps, quadrature: 'right-riemann', baseline: 0 };
  return rules === undefined ? {} : { composite: goldenComposite(rules), start: 'one' };
}

/** ‖a − b‖ / ‖b‖ */
function distance(actual: Float32Array, expected: readonly number[]): number {
  let [difference, norm] = [0, 0];
  expected.forEach((value, i) => {
    difference += (value - (actual[i] ?? Number.NaN)) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}

describe.each(ENGINES)('golden relevances on %s', (_name, create) => {
  let store: TensorStore;
  let engine: Engine;
  let remove: () => Promise<void>;

  beforeAll(async () => {
    ({ store, remove } = await temporaryStore());
    engine = await create(store);
  });
  afterAll(async () => {
    await engine.dispose();
    await remove();
  });

  describe.each(GOLDEN_NAMES)('%s', (name) => {
    const golden = readGolden(name);
    const subject = { network: goldenNetwork(golden), box: null };
    const input = arrayTensor(golden.input.shape, Float32Array.from(golden.input.data));
    const { cases } = golden;

    test.each(cases.map((item) => [item.id ?? item.method, item] as const))('%s', async (_id, item) => {
      const method = METHODS[item.method] ?? 'lrp';
      const { outputs } = await explain(engine, subject, method, optionsOf(item), input, golden.targets);
      expect(distance(outputs['scores']?.data ?? new Float32Array(), golden.output.data)).toBeLessThan(1e-5);
      const tolerance = Math.max(1e-4, 5 * (item.float32_error ?? 0));
      expect(distance(outputs['relevance']?.data ?? new Float32Array(), item.result.data)).toBeLessThanOrEqual(
        tolerance,
      );
    });

    test('the conservation report of every case adds up', async () => {
      for (const item of cases.filter(({ method }) => method === 'lrp')) {
        const { outputs } = await explain(engine, subject, 'lrp', optionsOf(item), input, golden.targets);
        const { relevance, report } = outputs;
        const [rows = 0, columns = 0] = report?.shape ?? [];
        for (let row = 0; row < rows; row += 1) {
          const [start = 0, bias = 0, stabiliser = 0, dead = 0, dropped = 0] =
            report?.data.subarray(row * columns, (row + 1) * columns) ?? [];
          const size = (relevance?.data.length ?? 0) / rows;
          const own = relevance?.data.subarray(row * size, (row + 1) * size) ?? new Float32Array();
          const sum = own.reduce((total, r) => total + r, 0);
          const scale = Math.max(
            Math.abs(start),
            own.reduce((total, r) => total + Math.abs(r), 0),
          );
          const accounted = sum + bias + stabiliser + dead + dropped;
          expect({ id: item.id, off: Math.abs(start - accounted) <= 1e-4 * scale ? 0 : accounted - start }).toEqual({
            id: item.id,
            off: 0,
          });
        }
      }
    });
  });
});
