import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import type { Layers } from './layers.ts';
import {
  allComputed,
  type Building,
  computedAt,
  constantAt,
  fullShape,
  integersOf,
  type NodeReader,
  type OnnxNode,
  reading,
} from './node.ts';
import { slicesOf } from './slices.ts';
import { axisOf, type Computed, innerAxis, show } from './values.ts';

/** A list of places that a Gather may name. */
const MAX_PLACES = 1024;

const concat: NodeReader = reading((node, { layers }) => {
  const { name } = node;
  if (node.inputs.some((input) => input?.kind === 'constant')) {
    throw new ImportFault('joins a computed value and a constant, which is not supported');
  }
  return joined(name, allComputed(node), node.attributes.int('axis') ?? 1, layers);
});

function joined(name: string, inputs: readonly Computed[], axis: number, layers: Layers): Computed {
  const [first] = inputs;
  if (first === undefined) throw new ImportFault('joins nothing');
  if (inputs.length === 1) return first;
  const at = innerAxis(axis, first);
  const alike = inputs.every(({ signal }) => signal === first.signal);
  const values = alike ? inputs : inputs.map((value) => layers.plain(name, value));
  const [value = first] = values;
  const place = value.signal && at === 1 ? 2 : at;
  const indices = values.map(({ index }) => index);
  return layers.derived(value, layers.add({ type: 'concat', name, inputs: indices, axis: place }));
}

/** Where the parts of one axis begin: by their sizes, or as equal as possible, the last one being smaller. */
function split(node: OnnxNode, { layers }: Building): readonly Computed[] {
  const { name, attributes } = node;
  const value = computedAt(node, 0);
  const axis = innerAxis(attributes.int('axis') ?? 0, value);
  const side = value.shape[axis] ?? 0;
  const parts = integersOf(node, 'split', 1) ?? equalParts(side, attributes.int('num_outputs') ?? node.outputs);
  if (parts.length !== node.outputs || parts.reduce((sum, part) => sum + part, 0) !== side) {
    throw new ImportFault(`splits ${side} places into ${show(parts)} for ${node.outputs} outputs`);
  }
  let begin = 0;
  return parts.map((part, position) => {
    const from = begin;
    begin += part;
    return block(position === 0 ? name : `${name}/${position}`, value, axis, from, part, layers);
  });
}

function equalParts(side: number, count: number): readonly number[] {
  if (!(count >= 1 && count <= side)) throw new ImportFault(`splits ${side} places into ${count} parts`);
  const part = Math.ceil(side / count);
  return Array.from({ length: count }, (_, k) => Math.min(part, side - k * part));
}

/** The places of one axis from `from` on. */
function block(name: string, value: Computed, axis: number, from: number, count: number, layers: Layers): Computed {
  if (!(from >= 0 && count > 0)) throw new ImportFault(`takes ${count} places from ${from}`);
  const begin = value.shape.map((_, at) => (at === axis ? from : 0));
  const shape = value.shape.map((side, at) => (at === axis ? count : side));
  return layers.crop(name, value, begin, shape);
}

/** The lists are attributes before operator set 10, then inputs. */
const slice: NodeReader = reading((node, building) => {
  const value = computedAt(node, 0);
  const list = (name: string, position: number) => integersOf(node, name, position);
  const slices = slicesOf(
    fullShape(value, building),
    list('starts', 1),
    list('ends', 2),
    list('axes', 3),
    list('steps', 4),
  );
  const [batch, ...inner] = slices;
  if (slices.some(({ step, count }) => step !== 1 && count > 1))
    throw new ImportFault('slices with steps other than 1');
  if (batch?.count !== building.batch) throw new ImportFault('slices the batch');
  if (inner.some(({ count }) => count === 0)) throw new ImportFault('takes nothing of its input');
  return building.layers.crop(
    node.name,
    value,
    inner.map(({ start }) => start),
    inner.map(({ count }) => count),
  );
});

/** Single places of one axis, joined in the order of the list; for one index alone, without the axis. */
const gather: NodeReader = reading((node, { layers }) => {
  const { name } = node;
  const value = computedAt(node, 0);
  const axis = innerAxis(node.attributes.int('axis') ?? 0, value);
  const indices = constantAt(node, 1, 'list of indices');
  const side = value.shape[axis] ?? 0;
  if (indices.shape.length > 1 || indices.type !== 'int' || indices.data.length > MAX_PLACES) {
    throw new ImportFault(`gathers by ${indices.type} indices of the shape ${show(indices.shape)}`);
  }
  const places = Array.from(indices.data, (index) => axisOf(index, side));
  const runs = runsOf(places);
  const parts = runs.map(({ from, count }, part) =>
    block(runs.length === 1 ? name : `${name}/${part}`, value, axis, from, count, layers),
  );
  const all = joined(name, parts, axis + 1, layers);
  if (indices.shape.length === 1) return all;
  const shape: Shape = value.shape.filter((_, at) => at !== axis);
  return layers.reshape(`${name}/index`, all, sizeOf(shape) === 1 && shape.length === 0 ? [] : shape);
});

/** Neighbouring places in rising order. */
function runsOf(places: readonly number[]): readonly { readonly from: number; readonly count: number }[] {
  const runs: { from: number; count: number }[] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.count === place) last.count += 1;
    else runs.push({ from: place, count: 1 });
  }
  return runs;
}

export const SELECTION_READERS: Readonly<Record<string, NodeReader>> = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
};
