import { z } from 'zod';
import { type Layer, NETWORK_INPUT, type Network } from './network.ts';
import { isSameShape, outputShape } from './shapes.ts';
import { type ArrayTensor, arrayTensor, sizeOf, type Tensor } from './tensors/tensor.ts';

/** Raised whenever the form of network.json changes: files of another version are imported anew. */
const VERSION = 1;

const count = z.int().nonnegative();
const side = z.int().positive();
const shape = z.array(side).max(8);
const pair = z.tuple([side, side]);
const padding = z.tuple([count, count, count, count]);
const finite = z.number();

/** Schema of a layer; tensors that are not in the file itself lie in the store's folder `id`. */
function layerSchema(id: string) {
  const inline = z
    .strictObject({ shape, data: z.base64() })
    .refine((tensor) => byteLength(tensor.data) === 4 * sizeOf(tensor.shape), 'has the wrong number of values')
    .transform((tensor): Tensor => fromBase64(tensor.shape, tensor.data));
  const stored = z
    .strictObject({ shape, key: z.string().regex(/^[0-9a-f]{64}$/) })
    .transform((tensor): Tensor => ({ kind: 'stored', folder: id, ...tensor }));
  const tensor = z.union([inline, stored]);
  const base = { name: z.string(), inputs: z.array(z.int().min(NETWORK_INPUT)).min(1), shape };
  const linear = { ...base, weight: tensor, bias: tensor.nullable() };
  const kernel = { ...linear, stride: pair, padding, dilation: pair, groups: side };
  const windows = { ...base, kernel: pair, stride: pair, padding };
  const activation = z.union([
    z.strictObject({ name: z.enum(['relu', 'sigmoid', 'tanh', 'softplus', 'softsign', 'selu', 'exp', 'log', 'abs']) }),
    z.strictObject({ name: z.enum(['leakyRelu', 'elu']), alpha: finite }),
    z.strictObject({ name: z.literal('power'), exponent: finite }),
    z.strictObject({ name: z.literal('clip'), low: finite, high: finite }),
    z.strictObject({ name: z.literal('prelu'), slope: tensor }),
  ]);
  const region = z.enum(['across', 'within']);
  return z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('dense'), ...linear }),
    z.strictObject({ type: z.literal('conv2d'), ...kernel }),
    z.strictObject({ type: z.literal('conv2dTranspose'), ...kernel, outputPadding: z.tuple([count, count]) }),
    z.strictObject({ type: z.literal('affine'), ...base, scale: tensor, offset: tensor }),
    z.strictObject({ type: z.literal('activation'), ...base, function: activation }),
    z.strictObject({ type: z.literal('maxPool2d'), ...windows }),
    z.strictObject({ type: z.literal('avgPool2d'), ...windows, counted: padding }),
    z.strictObject({ type: z.literal('lrn'), ...base, region, size: side, alpha: finite, beta: finite, k: finite }),
    z.strictObject({ type: z.literal('add'), ...base, coefficients: z.array(finite).nullable() }),
    z.strictObject({ type: z.literal('concat'), ...base, axis: count }),
    z.strictObject({ type: z.literal('reshape'), ...base }),
    z.strictObject({ type: z.literal('permute'), ...base, order: z.array(count) }),
    z.strictObject({ type: z.literal('pad'), ...base, padding: z.array(z.tuple([count, count])) }),
    z.strictObject({ type: z.literal('crop'), ...base, begin: z.array(count) }),
  ]);
}

function networkSchema(id: string) {
  return z.strictObject({
    version: z.literal(VERSION),
    id: z.literal(id),
    inputShape: shape,
    layers: z.array(layerSchema(id)).min(1),
    output: count,
    outputFunction: z.enum(['softmax', 'log-softmax', 'sigmoid', 'none']),
  });
}

/** The content of network.json: the structure, small tensors in base64, and the keys of the others. */
export function encodeNetwork({ id, inputShape, layers, output, outputFunction }: Network): Uint8Array {
  const file = { version: VERSION, id, inputShape, layers, output, outputFunction };
  return new TextEncoder().encode(JSON.stringify(file, (_, value: unknown) => withoutValues(value)));
}

/** The network that `encodeNetwork` wrote; null when the bytes are anything else. */
export function decodeNetwork(id: string, bytes: Uint8Array): Network | null {
  const result = networkSchema(id).safeParse(parseJson(bytes));
  if (!result.success) return null;
  const { version: _, ...network } = result.data;
  return isConsistent(network) ? network : null;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Whether every layer reads only earlier ones and has the shape that follows from them. */
function isConsistent({ inputShape, layers, output }: Network): boolean {
  const shapes = new Map([[NETWORK_INPUT, inputShape]]);
  for (const [index, layer] of layers.entries()) {
    const inputs = layer.inputs.map((input) => shapes.get(input)).filter((known) => known !== undefined);
    if (inputs.length < layer.inputs.length || !hasShape(layer, inputs)) return false;
    shapes.set(index, layer.shape);
  }
  return output < layers.length;
}

function hasShape(layer: Layer, inputs: readonly (readonly number[])[]): boolean {
  try {
    return isSameShape(outputShape(layer, inputs), layer.shape);
  } catch {
    return false;
  }
}

function withoutValues(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return value;
  if (value.kind === 'array' && 'data' in value && 'shape' in value && value.data instanceof Float32Array) {
    const { buffer, byteOffset, byteLength } = value.data;
    return { shape: value.shape, data: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
  }
  return value.kind === 'stored' && 'key' in value && 'shape' in value ? { shape: value.shape, key: value.key } : value;
}

function byteLength(base64: string): number {
  return Buffer.byteLength(base64, 'base64');
}

function fromBase64(dimensions: readonly number[], base64: string): ArrayTensor {
  const values = new Float32Array(sizeOf(dimensions));
  new Uint8Array(values.buffer).set(Buffer.from(base64, 'base64'));
  return arrayTensor(dimensions, values);
}
