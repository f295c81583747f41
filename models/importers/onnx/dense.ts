import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../tensors/tensor.ts';
import { transpose } from '../../tensors/transpose.ts';
import { ImportFault } from '../faults.ts';
import { broadcastShape, broadcastTo } from './folding/strided.ts';
import {
  type Building,
  computedAt,
  constantAt,
  type NodeReader,
  type OnnxNode,
  optionalConstant,
  reading,
  weightsOf,
} from './node.ts';
import { type Computed, type Constant, show } from './values.ts';

/** y = α x W + β c, with W [in, out], or [out, in] where it is transposed. */
function gemm(node: OnnxNode, { layers }: Building): Computed {
  const { name, attributes } = node;
  const input = computedAt(node, 0);
  if (input.shape.length !== 1) throw new ImportFault(`takes vectors [N, C], got [N, ${input.shape.join(', ')}]`);
  if ((attributes.int('transA') ?? 0) !== 0) throw new ImportFault('transA is not supported; it transposes the batch');
  const weight = outputsFirst(constantAt(node, 1, 'weight'), (attributes.int('transB') ?? 0) !== 0);
  const scaled = times(weight, attributes.float('alpha') ?? 1);
  const bias = gemmBias(node, weight.shape[0] ?? 0, attributes.float('beta') ?? 1);
  const index = layers.add({ type: 'dense', name, inputs: [input.index], weight: scaled, bias });
  return layers.derived(input, index);
}

function gemmBias(node: OnnxNode, outputs: number, beta: number): ArrayTensor | null {
  const value = optionalConstant(node, 2, 'bias');
  if (value === null) return null;
  weightsOf(value, 'bias');
  const shape = broadcastShape(value.shape, [outputs]);
  if (sizeOf(shape) !== outputs || value.shape.length > 2) {
    throw new ImportFault(`its bias ${show(value.shape)} does not fit ${outputs} outputs`);
  }
  const { data } = broadcastTo(value, shape);
  return times(arrayTensor([outputs], Float32Array.from(data)), beta);
}

/** y = x W over the last axis; over several places, a convolution of single places. */
function matMul(node: OnnxNode, { layers }: Building): Computed {
  const { name } = node;
  const value = layers.plain(name, computedAt(node, 0));
  const weight = outputsFirst(constantAt(node, 1, 'second factor'), false);
  const [outputs = 0, inputs = 0] = weight.shape;
  if (value.shape.at(-1) !== inputs) {
    throw new ImportFault(`its weight ${show([inputs, outputs])} does not fit [N, ${value.shape.join(', ')}]`);
  }
  if (value.shape.length === 1) {
    return layers.derived(value, layers.add({ type: 'dense', name, inputs: [value.index], weight, bias: null }));
  }
  return perPlace(name, value, weight, layers);
}

function perPlace(name: string, value: Computed, weight: ArrayTensor, layers: Building['layers']): Computed {
  const last = value.shape.length - 1;
  const [outputs = 0, inputs = 0] = weight.shape;
  const places = value.shape.slice(0, last);
  const front = layers.permute(`${name}/front`, value, [last, ...places.keys()]);
  const sides: Shape = places.length === 2 ? places : [1, sizeOf(places)];
  const image = layers.reshape(`${name}/image`, front, [inputs, ...sides]);
  const kernel = arrayTensor([outputs, inputs, 1, 1], weight.data);
  const single = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
  const index = layers.add({ type: 'conv2d', name, inputs: [image.index], weight: kernel, bias: null, ...single });
  const output = layers.reshape(`${name}/places`, layers.derived(image, index), [outputs, ...places]);
  return layers.permute(`${name}/back`, output, [...places.keys()].map((axis) => axis + 1).concat(0));
}

/** A matrix [in, out], or the other way round, as [out, in]. */
function outputsFirst(value: Constant, isTransposed: boolean): ArrayTensor {
  const data = weightsOf(value, 'weight');
  const [rows = 0, columns = 0] = value.shape;
  if (value.shape.length !== 2) throw new ImportFault(`its weight ${show(value.shape)} is no matrix`);
  if (isTransposed) return arrayTensor([rows, columns], data);
  return arrayTensor([columns, rows], transpose(data, value.shape, [1, 0]));
}

function times(tensor: ArrayTensor, factor: number): ArrayTensor {
  if (factor === 1) return tensor;
  return arrayTensor(
    tensor.shape,
    tensor.data.map((value) => value * factor),
  );
}

export const DENSE_READERS: Readonly<Record<string, NodeReader>> = { Gemm: reading(gemm), MatMul: reading(matMul) };
