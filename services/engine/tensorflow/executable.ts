import * as tf from '@tensorflow/tfjs-core';
import type { TensorStore } from '../../../models/tensors/store.ts';
import { arrayTensor } from '../../../models/tensors/tensor.ts';
import { EngineError, type Executable, type NamedTensors } from '../engine.ts';
import type { Graph, Value } from '../graph.ts';
import { checkInputs } from '../inputs.ts';
import { arrange, canonical } from './layout.ts';
import { Memory } from './memory.ts';
import { type Instruction, type Program, planProgram } from './program.ts';
import type { Step } from './step.ts';

/**
 * A graph interpreted operation by operation. What depends on constants only is computed once, here, and held in the
 * form in which the runs want it.
 * @throws EngineError when the engine cannot do an operation; MissingTensorError when a constant is not in the store
 */
export async function compileGraph(graph: Graph, store: TensorStore): Promise<Executable> {
  const program = planProgram(graph);
  const constants = new Memory(program.layoutOf);
  try {
    for (const instruction of program.constants) await fold(instruction, constants, store);
  } catch (error) {
    constants.dispose();
    throw error;
  }
  return new TensorflowExecutable(graph, program, constants);
}

async function fold(
  { value, step, forms, release }: Instruction,
  constants: Memory,
  store: TensorStore,
): Promise<void> {
  const { operation } = value;
  if (operation.name === 'constant') {
    constants.put(value, tf.tensor(await store.read(operation.tensor), [...value.shape], 'float32'));
  }
  if (step !== null) constants.put(value, compute(value, step, constants));
  blaming(value, () => {
    for (const form of forms) constants.take(form);
  });
  constants.release(release);
}

/** One operation; its intermediate tensors are freed. */
function compute(value: Value, step: Step, memory: Memory): tf.Tensor {
  return blaming(value, () => {
    const operands = step.operands.map((operand) => memory.take(operand));
    const result = tf.tidy(() => step.run((operand) => memory.take(operand)));
    return operands.includes(result) ? result.clone() : result;
  });
}

/** Names the value in the errors of TensorFlow.js. */
function blaming<Result>(value: Value, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new EngineError(`${value.operation.name} (value ${value.id}) failed: ${cause}`, { cause: error });
  }
}

class TensorflowExecutable implements Executable {
  private readonly graph: Graph;
  private readonly program: Program;
  private readonly constants: Memory;
  private disposed = false;

  constructor(graph: Graph, program: Program, constants: Memory) {
    this.graph = graph;
    this.program = program;
    this.constants = constants;
  }

  /** Computes in one go, so that runs never interleave; only reading the results is asynchronous. */
  async run(inputs: NamedTensors): Promise<NamedTensors> {
    if (this.disposed) throw new EngineError('this executable has been disposed of');
    checkInputs(this.graph, inputs);
    const memory = new Memory(this.program.layoutOf, this.constants);
    try {
      for (const instruction of this.program.steps) this.execute(instruction, inputs, memory);
      const results = [...this.program.outputs].map(async ([name, operand]) => {
        const tensor = memory.take(operand);
        return [name, arrayTensor(tensor.shape, new Float32Array(await tensor.data()))] as const;
      });
      return Object.fromEntries(await Promise.all(results));
    } finally {
      memory.dispose();
    }
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.constants.dispose();
  }

  private execute({ value, step, release }: Instruction, inputs: NamedTensors, memory: Memory): void {
    const given = value.operation.name === 'input' ? inputs[value.operation.label] : undefined;
    if (given !== undefined) {
      const order = canonical(given.shape.length);
      memory.put(
        value,
        tf.tidy(() => arrange(tf.tensor(given.data, [...given.shape], 'float32'), order, this.program.layoutOf(value))),
      );
    }
    if (step !== null) memory.put(value, compute(value, step, memory));
    memory.release(release);
  }
}
