import type { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { METHOD_NAMES, METHOD_OPTIONS } from '../../schemas/methods.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { planExplanation } from '../../services/explanation/methods/index.ts';
import { PREDICT, planPrediction } from '../../services/explanation/prediction.ts';
import { runPlan } from '../../services/explanation/runPlan.ts';
import { ENGINES, temporaryStore } from '../support/engines.ts';
import { GOLDEN_NAMES, goldenNetwork, readGolden } from './goldenNetwork.ts';

describe.each(ENGINES)('the prediction alone on %s', (_name, create) => {
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

  test.each(GOLDEN_NAMES)('gives the golden scores of %s, and no relevance', async (name) => {
    const golden = readGolden(name);
    const network = goldenNetwork(golden);
    const input = arrayTensor(golden.input.shape, Float32Array.from(golden.input.data));
    const [rows = 0, outputs = 0] = golden.output.shape;
    const target = arrayTensor([rows, outputs], new Float32Array(rows * outputs));
    const plan = planPrediction({ network, box: null });
    const result = await runPlan(engine, plan, network.id, { input, target, parameters: null });
    expect(Object.keys(result).sort()).toEqual(['explained', 'resolved', 'scores']);
    const scores = result['scores']?.data ?? new Float32Array();
    expect(scores).toHaveLength(golden.output.data.length);
    const scale = Math.max(...golden.output.data.map(Math.abs));
    golden.output.data.forEach((expected, i) => {
      expect(Math.abs((scores[i] ?? Number.NaN) - expected)).toBeLessThan(1e-5 * scale);
    });
  });
});

test('it is no method, and shares its graph with occlusion, which runs the forward pass as well', () => {
  expect(METHOD_NAMES).not.toContain(PREDICT);
  const subject = { network: goldenNetwork(readGolden('cnn')), box: null };
  const [alone, occlusion] = [
    planPrediction(subject),
    planExplanation(subject, 'occlusion', METHOD_OPTIONS.occlusion.parse({})),
  ];
  expect(alone.key).toBe(occlusion.key);
  expect(alone.settings).not.toBe(occlusion.settings);
});
