import type { TensorStore } from '../../models/tensors/store.ts';
import type { Engine } from '../engine/engine.ts';
import { createOnnxEngine } from '../engine/onnx/engine.ts';
import { isAddonInstalled } from '../engine/tensorflow/addon.ts';
import type { ExplainSetup } from './explainTask.ts';

/** Networks of fewer multiply-adds than this run on one thread: more threads only wait for each other. */
export const SMALL_NETWORK = 2e7;

/** The engines of one worker: the same kind, for small networks and for large ones. */
export interface Engines {
  for(multiplyAdds: number): Engine;
  dispose(): Promise<void>;
}

/** What decides which engines there are. */
export type EngineSetup = Pick<ExplainSetup, 'engine' | 'providers' | 'threads'>;

/**
 * Chooses and creates the engine: `auto` is TensorFlow when its addon is installed and sees a GPU, else ONNX Runtime.
 * TensorFlow.js is loaded only where it may be chosen: it takes a good part of a worker's start.
 */
export async function createEngines(setup: EngineSetup, store: TensorStore): Promise<Engines> {
  if (setup.engine === 'tensorflow' || (setup.engine === 'auto' && (await seesGpu()))) {
    const { createTensorflowEngine } = await import('../engine/tensorflow/engine.ts');
    const engine = await createTensorflowEngine({ store });
    return { for: () => engine, dispose: () => engine.dispose() };
  }
  const single = createOnnxEngine({ store, threads: 1, providers: setup.providers });
  const parallel = createOnnxEngine({ store, threads: setup.threads, providers: setup.providers });
  return {
    for: (multiplyAdds) => (multiplyAdds < SMALL_NETWORK ? single : parallel),
    dispose: async () => {
      await Promise.all([single.dispose(), parallel.dispose()]);
    },
  };
}

async function seesGpu(): Promise<boolean> {
  if (!isAddonInstalled()) return false;
  try {
    const { tensorflowAddon } = await import('../engine/tensorflow/backend.ts');
    return (await tensorflowAddon()) === 'gpu';
  } catch (error) {
    process.stderr.write(`ENGINE=auto takes onnx: ${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  }
}
