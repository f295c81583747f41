import type { Padding, Pair } from '../../network.ts';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import type { Layers } from './layers.ts';
import { computedAt, integersOf, type NodeReader, type OnnxNode, reading } from './node.ts';
import { type Computed, innerAxis, show } from './values.ts';
import { geometryOf, pairOf, sidesOf, withOverhang } from './windows.ts';

const NONE: Padding = [0, 0, 0, 0];

type Pooling = 'maxPool2d' | 'avgPool2d';

interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly counted: Padding;
}

function pool(type: Pooling, name: string, input: Computed, layers: Layers, windows: Windows): Computed {
  const { counted, ...others } = windows;
  const base = { name, inputs: [input.index], ...others };
  return layers.derived(input, layers.add(type === 'avgPool2d' ? { type, ...base, counted } : { type, ...base }));
}

/** Pools all cells of an image into one. */
function poolWhole(type: Pooling, name: string, input: Computed, layers: Layers): Computed {
  return pool(type, name, input, layers, { kernel: sidesOf(input), stride: [1, 1], padding: NONE, counted: NONE });
}

function windowPooling(type: Pooling): NodeReader {
  return reading((node, { layers }) => {
    const { name, attributes } = node;
    const input = layers.image(name, computedAt(node, 0));
    const sides = sidesOf(input);
    const kernel = pairOf(attributes.ints('kernel_shape') ?? [], input.signal, 'kernel_shape');
    const { stride, dilation, padding: stated } = geometryOf(attributes, kernel, input);
    if (dilation.some((rate) => rate !== 1)) throw new ImportFault('dilated pooling is not supported');
    const isRoundedUp = attributes.int('ceil_mode') === 1;
    const padding = isRoundedUp ? withOverhang({ kernel, stride, dilation, padding: stated }, sides) : stated;
    const counted = type === 'avgPool2d' && attributes.int('count_include_pad') === 1 ? stated : NONE;
    attributes.ignore('storage_order');
    return pool(type, name, input, layers, { kernel, stride, padding, counted });
  });
}

function globalPooling(type: Pooling): NodeReader {
  return reading((node, { layers }) =>
    poolWhole(type, node.name, layers.image(node.name, computedAt(node, 0)), layers),
  );
}

/** The mean or maximum over some axes: pooling of the whole image that those axes become. */
function reduction(type: Pooling): NodeReader {
  return reading((node, { layers }) => {
    const { name } = node;
    const value = layers.plain(name, computedAt(node, 0));
    const axes = reducedAxes(node, value);
    const keep = (node.attributes.int('keepdims') ?? 1) !== 0;
    if (axes.size === 0) return value;
    const kept = [...value.shape.keys()].filter((axis) => !axes.has(axis));
    const turned = layers.permute(`${name}/permute`, value, [...kept, ...axes]);
    const image = layers.reshape(`${name}/image`, turned, imageShape(turned.shape, kept.length));
    const pooled = poolWhole(type, name, image, layers);
    const shape = keep
      ? value.shape.map((side, axis) => (axes.has(axis) ? 1 : side))
      : kept.map((axis) => value.shape[axis] ?? 0);
    return layers.reshape(`${name}/shape`, pooled, shape);
  });
}

/** The first axes as channels; the others, which are reduced, as height and width. */
function imageShape(shape: Shape, kept: number): Shape {
  const channels = sizeOf(shape.slice(0, kept));
  const reduced = shape.slice(kept);
  return reduced.length === 2 ? [channels, ...reduced] : [channels, 1, sizeOf(reduced)];
}

function reducedAxes(node: OnnxNode, value: Computed): ReadonlySet<number> {
  const axes = integersOf(node, 'axes', 1) ?? [];
  const isNothing = node.attributes.int('noop_with_empty_axes') === 1;
  if (axes.length === 0 && !isNothing) throw new ImportFault('reduces all axes, the batch too');
  const inner = new Set(axes.map((axis) => innerAxis(axis, value)));
  if (inner.size < axes.length) throw new ImportFault(`its axes ${show(axes)} name one twice`);
  return new Set([...inner].sort((a, b) => a - b));
}

export const POOLING_READERS: Readonly<Record<string, NodeReader>> = {
  MaxPool: windowPooling('maxPool2d'),
  AveragePool: windowPooling('avgPool2d'),
  GlobalMaxPool: globalPooling('maxPool2d'),
  GlobalAveragePool: globalPooling('avgPool2d'),
  ReduceMax: reduction('maxPool2d'),
  ReduceMean: reduction('avgPool2d'),
};
