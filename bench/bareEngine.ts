import { join } from 'node:path';
import { importModel } from '../models/importers/importModel.ts';
import { openRegistry } from '../models/registry/registry.ts';
import { TensorStore } from '../models/tensors/store.ts';
import { arrayTensor } from '../models/tensors/tensor.ts';
import { METHOD_OPTIONS } from '../schemas/methods.ts';
import { createOnnxEngine } from '../services/engine/onnx/engine.ts';
import { planExplanation } from '../services/explanation/methods/index.ts';
import { compilePlan, drive } from '../services/explanation/runPlan.ts';
import { outputsOf } from '../services/explanation/target.ts';
import { digitValues } from './questions.ts';
import { type Quantiles, quantiles, repeat } from './statistics.ts';

export interface BareEngine {
  readonly one: Quantiles;
  /** Explanations per second in batches of 32. */
  readonly batchedPerSecond: number;
}

/** The same graph in this process: deep Taylor on mnist-cnn by the onnx engine on one thread, without a service. */
export async function measureEngine(cacheDir: string): Promise<BareEngine> {
  const store = await TensorStore.open(cacheDir);
  const zooDir = join(import.meta.dirname, '../models/zoo');
  const registered = (await openRegistry({ zooDir, modelsDir: null })).get('mnist-cnn');
  const network = await importModel(registered, store);
  const engine = createOnnxEngine({ store, threads: 1 });
  const options = METHOD_OPTIONS['deep-taylor'].parse({});
  const plan = planExplanation({ network, box: registered.box }, 'deep-taylor', options);
  const executables = await compilePlan(engine, plan, network.id);
  const digit = await digitValues();

  const timed = async (rows: number, warmup: number, times: number): Promise<number[]> => {
    const input = {
      input: arrayTensor([rows, ...network.inputShape], repeated(digit, rows)),
      target: arrayTensor([rows, outputsOf(network)], new Float32Array(rows * outputsOf(network))),
      parameters: arrayTensor([rows, plan.parameters.length], repeated(plan.parameters, rows)),
    };
    return repeat(warmup, times, async () => {
      const started = performance.now();
      await drive(plan, executables, input);
      return performance.now() - started;
    });
  };
  const one = quantiles(await timed(1, 200, 1000));
  const batch = quantiles(await timed(32, 10, 100));
  await engine.dispose();
  return { one, batchedPerSecond: 32_000 / batch.p50 };
}

function repeated(row: ArrayLike<number>, times: number): Float32Array {
  return Float32Array.from({ length: row.length * times }, (_, i) => row[i % row.length] ?? 0);
}
