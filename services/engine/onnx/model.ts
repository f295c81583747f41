import type { onnx as Onnx } from 'onnx-proto';
import { type Shape, type StoredTensor, sizeOf, type Tensor } from '../../../models/tensors/tensor.ts';
import { BATCH, type Graph, type Operation, type Value, valuesOf } from '../graph.ts';
import { NodeWriter } from './nodeWriter.ts';
import { LOWERINGS } from './operations.ts';
import { onnx } from './proto.ts';

const { DataType, DataLocation } = onnx.TensorProto;
const IR_VERSION = 8;
/** ONNX operator set that graphs are written in. */
export const OPERATOR_SET = 18;

/** How the values of a stored tensor get into the model. */
export type StoredData = { readonly file: string } | { readonly values: Float32Array };

/**
 * Writes a graph as an ONNX model. Inputs and outputs keep their labels; the batch is the free dimension `N`.
 * @param stored where a stored tensor's values are: a file beside the model, or in memory to be written into it
 * @returns the encoded ModelProto
 */
export function encodeOnnx(graph: Graph, stored: (tensor: StoredTensor) => StoredData): Uint8Array {
  const values = valuesOf(graph);
  const names = nameValues(graph, values);
  const write = new NodeWriter(names);
  const constants: Onnx.ITensorProto[] = [];
  for (const value of values) {
    const { operation } = value;
    if (operation.name === 'constant') constants.push(initializer(write.nameOf(value), operation.tensor, stored));
    else if (operation.name !== 'input') lower(write, operation, value);
  }
  for (const [label, value] of Object.entries(graph.outputs)) {
    if (names.get(value) !== label) aliasOutput(write, label, value);
  }
  const model: Onnx.IModelProto = {
    irVersion: IR_VERSION,
    producerName: 'elucid',
    opsetImport: [{ domain: '', version: OPERATOR_SET }],
    graph: {
      name: 'explanation',
      node: write.nodes,
      initializer: [...constants, ...write.initializers],
      input: graph.inputs.map((input) => description(labelOf(input), input)),
      output: Object.entries(graph.outputs).map(([label, value]) => description(label, value)),
    },
  };
  return onnx.ModelProto.encode(model).finish();
}

function lower(write: NodeWriter, operation: Exclude<Operation, { name: 'input' | 'constant' }>, value: Value): void {
  const inputs = value.inputs.map((input) => write.nameOf(input));
  const lowering = LOWERINGS[operation.name] as (
    write: NodeWriter,
    operation: Operation,
    inputs: readonly string[],
    value: Value,
  ) => void;
  lowering(write, operation, inputs, value);
}

/** Values are named by their id; outputs by their label, so that no copy is needed. */
function nameValues(graph: Graph, values: readonly Value[]): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>();
  for (const value of [...graph.inputs, ...values]) {
    names.set(value, value.operation.name === 'input' ? value.operation.label : `v${value.id}`);
  }
  for (const [label, value] of Object.entries(graph.outputs)) {
    const computed = value.operation.name !== 'input' && value.operation.name !== 'constant';
    if (computed && names.get(value) === `v${value.id}`) names.set(value, label);
  }
  return names;
}

/** A second name for a value: an output that is an input, a constant, or another output as well. */
function aliasOutput(write: NodeWriter, label: string, value: Value): void {
  write.nodes.push({ name: `Output_${label}`, opType: 'Identity', input: [write.nameOf(value)], output: [label] });
}

function initializer(name: string, tensor: Tensor, stored: (tensor: StoredTensor) => StoredData): Onnx.ITensorProto {
  const header = { name, dataType: DataType.FLOAT, dims: [...tensor.shape] };
  const data: StoredData = tensor.kind === 'array' ? { values: tensor.data } : stored(tensor);
  if ('values' in data) {
    const { buffer, byteOffset, byteLength } = data.values;
    return { ...header, rawData: new Uint8Array(buffer, byteOffset, byteLength) };
  }
  const length = sizeOf(tensor.shape) * Float32Array.BYTES_PER_ELEMENT;
  return {
    ...header,
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: data.file },
      { key: 'offset', value: '0' },
      { key: 'length', value: String(length) },
    ],
  };
}

function description(name: string, value: Value): Onnx.IValueInfoProto {
  const elemType = value.dataType === 'bool' ? DataType.BOOL : DataType.FLOAT;
  return { name, type: { tensorType: { elemType, shape: { dim: dimensions(value.shape) } } } };
}

function dimensions(shape: Shape): Onnx.TensorShapeProto.IDimension[] {
  return shape.map((size) => (size === BATCH ? { dimParam: 'N' } : { dimValue: size }));
}

function labelOf(value: Value): string {
  if (value.operation.name !== 'input') throw new Error(`value ${value.id} is not an input`);
  return value.operation.label;
}
