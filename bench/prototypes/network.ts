import { importModel } from '../../models/importers/importModel.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { planExplanation } from '../../services/explanation/methods/index.ts';
import { compilePlan, drive } from '../../services/explanation/runPlan.ts';
import { outputsOf } from '../../services/explanation/target.ts';

/** Scores and gradients of some inputs. */
export interface Scores {
  /** [N, outputs]. */
  readonly scores: Float32Array;
  /** [N, ...input shape]. */
  readonly gradients: Float32Array;
}

/** A network that is ready to be asked. */
export interface OpenNetwork {
  /**
   * @param inputs one after another
   * @param weights of the outputs, [N, outputs]: the gradient is that of their weighted sum. A row of zeros means the
   *   largest output; default: all zeros
   */
  ask(inputs: Float32Array, weights?: Float32Array): Promise<Scores>;
  dispose(): Promise<void>;
}

const BATCH = 250;

/** Opens a model of a folder of models, on the onnx engine. */
export async function openNetwork(folder: string, name: string, store: TensorStore): Promise<OpenNetwork> {
  const registered = (await openRegistry({ zooDir: folder, modelsDir: null })).get(name);
  const network = await importModel(registered, store);
  const engine = createOnnxEngine({ store, threads: 1 });
  const plan = planExplanation({ network, box: registered.box }, 'gradient', {});
  const executables = await compilePlan(engine, plan, network.id);
  const [size, width] = [sizeOf(network.inputShape), outputsOf(network)];

  const askBatch = async (inputs: Float32Array, weights: Float32Array) => {
    const count = inputs.length / size;
    const input = {
      input: arrayTensor([count, ...network.inputShape], inputs),
      target: arrayTensor([count, width], weights),
      parameters: null,
    };
    const { scores, relevance } = await drive(plan, executables, input, { maxBatch: BATCH });
    if (scores === undefined || relevance === undefined) throw new RangeError(`${name} has no scores and gradients`);
    return { scores: scores.data, gradients: relevance.data };
  };

  return {
    async ask(inputs, weights = new Float32Array((inputs.length / size) * width)) {
      const count = inputs.length / size;
      const [scores, gradients] = [new Float32Array(count * width), new Float32Array(count * size)];
      for (let first = 0; first < count; first += BATCH) {
        const last = Math.min(first + BATCH, count);
        const own = await askBatch(inputs.slice(first * size, last * size), weights.slice(first * width, last * width));
        scores.set(own.scores, first * width);
        gradients.set(own.gradients, first * size);
      }
      return { scores, gradients };
    },
    dispose: () => engine.dispose(),
  };
}
