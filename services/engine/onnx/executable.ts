import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { arrayTensor } from '../../../models/tensors/tensor.ts';
import { EngineError, type Executable, type NamedTensors } from '../engine.ts';
import type { Graph } from '../graph.ts';
import { checkInputs } from '../inputs.ts';

/** A session of ONNX Runtime over one compiled graph. */
export class OnnxExecutable implements Executable {
  private readonly graph: Graph;
  private readonly session: InferenceSession;

  constructor(graph: Graph, session: InferenceSession) {
    this.graph = graph;
    this.session = session;
  }

  async run(inputs: NamedTensors): Promise<NamedTensors> {
    checkInputs(this.graph, inputs);
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => [name, new Tensor('float32', data, [...shape])]),
    );
    const results = Object.entries(await this.session.run(feeds));
    return Object.fromEntries(
      results.map(([name, tensor]) => {
        if (!(tensor.data instanceof Float32Array))
          throw new EngineError(`output ${name} is ${tensor.type}, not float32`);
        return [name, arrayTensor(tensor.dims, tensor.data)];
      }),
    );
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }
}
