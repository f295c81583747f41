import type { TensorStore } from '../../../models/tensors/store.ts';
import type { Engine } from '../engine.ts';
import { openBackend } from './backend.ts';
import { compileGraph } from './executable.ts';

/**
 * The engine `tensorflow`: TensorFlow.js, on the addon's GPU or CPU where `@tensorflow/tfjs-node-gpu` is installed, else
 * on wasm (one thread). TensorFlow.js keeps its backend for the whole process, so that disposing of the engine frees
 * nothing: executables free what is theirs.
 * @throws EngineError when no backend starts
 */
export async function createTensorflowEngine({ store }: { readonly store: TensorStore }): Promise<Engine> {
  const device = await openBackend();
  return {
    name: `tensorflow/${device}`,
    mapsConstants: false,
    compile: (graph, _folder) => compileGraph(graph, store),
    dispose: async () => {},
  };
}
