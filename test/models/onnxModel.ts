import { createRequire } from 'node:module';
import type * as Proto from 'onnx-proto';
import type { ImportedOutput, ImportSource } from '../../models/importers/importer.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { randomNumbers } from './kerasLayers.ts';
import { memoryFile } from './kerasModel.ts';

export const { onnx } = createRequire(import.meta.url)('onnx-proto') as typeof Proto;

const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

export type TensorSpec = Proto.onnx.ITensorProto;

/** A number with a fraction, as against an integer. */
export interface Float {
  readonly float: number;
}

/** Integers, floats, texts, lists of integers, and tensors. */
export type AttributeSpec = number | string | readonly number[] | Float | { readonly tensor: TensorSpec };

/** A node of a model made by hand. */
export interface NodeSpec {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly name?: string;
  readonly domain?: string;
}

/** A model made by hand: `x` is its input. */
export interface OnnxSpec {
  readonly opset: number;
  /** With the batch; texts are free dimensions. */
  readonly input: readonly (number | string)[];
  readonly nodes: readonly NodeSpec[];
  readonly weights?: Readonly<Record<string, TensorSpec>>;
  /** `y` unless given. */
  readonly outputs?: readonly string[];
}

/** A node with one output. */
export function node(
  type: string,
  inputs: string | readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): NodeSpec {
  return { type, inputs: [inputs].flat(), outputs: [output], attributes, name: `${type}:${output}` };
}

/** A weight by its values, as raw data. */
export function floats(shape: Shape, values: ArrayLike<number>): TensorSpec {
  return {
    dims: [...shape],
    dataType: DataType.FLOAT,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  };
}

/** A list of integers; a scalar when the shape is []. */
export function ints(values: readonly number[], shape: Shape = [values.length]): TensorSpec {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { dims: [...shape], dataType: DataType.INT64, rawData };
}

/** Random weights between −1 and 1, different for every seed. */
export function random(shape: Shape, seed = 1, low = -1, high = 1): TensorSpec {
  const next = randomNumbers(seed + sizeOf(shape));
  return floats(
    shape,
    Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next()),
  );
}

function attribute(name: string, value: AttributeSpec): Proto.onnx.IAttributeProto {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ('tensor' in value) return { name, type: AttributeType.TENSOR, t: value.tensor };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

/** The message of a model. */
export function modelOf({ opset, input, nodes, weights = {}, outputs = ['y'] }: OnnxSpec): Proto.onnx.IModelProto {
  const dim = input.map((side) => (typeof side === 'number' ? { dimValue: side } : { dimParam: side }));
  const tensorType = { elemType: DataType.FLOAT, shape: { dim } };
  return {
    irVersion: 8,
    producerName: 'a test',
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'graph',
      node: nodes.map(({ type, inputs, outputs: results, attributes = {}, ...names }) => ({
        ...names,
        opType: type,
        input: [...inputs],
        output: [...results],
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      })),
      initializer: Object.entries(weights).map(([name, tensor]) => ({ ...tensor, name })),
      input: [{ name: 'x', type: { tensorType } }],
      output: outputs.map((name) => ({ name, type: { tensorType: { elemType: DataType.FLOAT } } })),
    },
  };
}

/** The file of a model. */
export function encoded(model: Proto.onnx.IModelProto): Uint8Array {
  return onnx.ModelProto.encode(model).finish();
}

/** What an importer reads, from files in memory; the first is the model. */
export function sourceOf(
  files: Readonly<Record<string, Uint8Array>>,
  inputShape: Shape,
  output: ImportedOutput = { kind: 'regression', layer: null },
): ImportSource {
  const weights = Object.entries(files).map(([name, bytes]) => memoryFile(name, bytes));
  return { definition: null, weights, inputShape, output };
}
