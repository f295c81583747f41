import { join } from 'node:path';
import { importModel } from '../../models/importers/importModel.ts';
import { FileHashes } from '../../models/registry/fileHashes.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { METHOD_OPTIONS } from '../../schemas/methods.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { planExplanation } from '../../services/explanation/methods/index.ts';
import { compilePlan, drive } from '../../services/explanation/runPlan.ts';
import { outputsOf } from '../../services/explanation/target.ts';

/** A compiled explanation in this process, without a service. */
export interface Bare {
  /** Milliseconds of one run. */
  run(): Promise<number>;
  dispose(): Promise<void>;
}

/** Deep Taylor of a model by the onnx engine, opened out of a store that a service has filled. */
export async function openBare(name: string, modelsDir: string, cacheDir: string, threads: number): Promise<Bare> {
  const store = await TensorStore.open(cacheDir);
  const zooDir = join(import.meta.dirname, '../../models/zoo');
  const registered = (await openRegistry({ zooDir, modelsDir }, FileHashes.forgetful())).get(name);
  const network = await importModel(registered, store);
  const engine = createOnnxEngine({ store, threads });
  const options = METHOD_OPTIONS['deep-taylor'].parse({});
  const plan = planExplanation({ network, box: registered.box }, 'deep-taylor', options);
  const executables = await compilePlan(engine, plan, network.id);
  const size = sizeOf(network.inputShape);
  const input = {
    input: arrayTensor(
      [1, ...network.inputShape],
      Float32Array.from({ length: size }, (_, i) => (i % 7) / 7),
    ),
    target: arrayTensor([1, outputsOf(network)], new Float32Array(outputsOf(network))),
    parameters: arrayTensor([1, plan.parameters.length], Float32Array.from(plan.parameters)),
  };
  return {
    run: async () => {
      const started = performance.now();
      await drive(plan, executables, input);
      return performance.now() - started;
    },
    dispose: () => engine.dispose(),
  };
}
