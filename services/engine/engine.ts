import type { ArrayTensor } from '../../models/tensors/tensor.ts';
import type { Graph } from './graph.ts';

/** Input or output tensors of a run, by name; the leading dimension of all of them is the batch. */
export type NamedTensors = Readonly<Record<string, ArrayTensor>>;

/** A compiled graph. Runs may overlap; each is independent of all others. */
export interface Executable {
  /**
   * Runs the graph once.
   * @param inputs one tensor for every input of the graph
   * @throws RangeError when an input is missing, unknown, or has another shape than the graph's
   */
  run(inputs: NamedTensors): Promise<NamedTensors>;
  /** Frees native memory. No run may be in flight. */
  dispose(): Promise<void>;
}

/** Turns graphs into executables. */
export interface Engine {
  /** Name and device, as answers report it: `onnx/cpu`, `tensorflow/wasm`, `tensorflow/gpu`. */
  readonly name: string;
  /** Whether executables map their constants from the tensor store; otherwise each holds a copy. */
  readonly mapsConstants: boolean;
  /**
   * @param folder the model's folder in the tensor store, where derived constants and compiled graphs may be kept
   * @throws EngineError when the engine cannot do an operation of the graph
   * @throws MissingTensorError when files that the graph needs are not in the store, or were deleted meanwhile
   */
  compile(graph: Graph, folder: string): Promise<Executable>;
  dispose(): Promise<void>;
}

/** An engine cannot compile or run a graph. */
export class EngineError extends Error {
  readonly code = 'engine';
}
