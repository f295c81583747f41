import { type Shape, sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { slicesOf } from '../slices.ts';
import { flattenedShape, resolvedShape, squeezedShape, unsqueezedShape } from '../targetShapes.ts';
import { readTensor } from '../tensors.ts';
import { axisOf, type Constant, constant, integers } from '../values.ts';
import { type ConstantNode, type Folder, given, listOf } from './node.ts';
import { broadcastShape, broadcastTo, emptyLike, strided, stridesOf } from './strided.ts';

/** The same values as another shape. */
function reshaping(shapeOf: (node: ConstantNode, shape: Shape) => Shape): Folder {
  return (node) => {
    const input = given(node, 0);
    return constant(input.type, shapeOf(node, input.shape), input.data);
  };
}

const concat: Folder = (node) => {
  const parts = node.inputs.map((_, position) => given(node, position));
  const [first] = parts;
  if (first === undefined) throw new ImportFault('joins nothing');
  const axis = axisOf(node.attributes.int('axis') ?? 0, first.shape.length);
  const fits = parts.every(
    ({ type, shape }) =>
      type === first.type &&
      shape.length === first.shape.length &&
      shape.every((side, at) => at === axis || side === first.shape[at]),
  );
  if (!fits) throw new ImportFault('joins constants that do not fit each other');
  const joined = parts.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
  const shape = node.budget.spend(first.shape.map((side, at) => (at === axis ? joined : side)));
  const data = emptyLike(first.data, sizeOf(shape));
  const runs = sizeOf(first.shape.slice(0, axis));
  let begin = 0;
  for (let run = 0; run < runs; run += 1) {
    for (const part of parts) {
      const length = part.data.length / runs;
      data.set(part.data.subarray(run * length, (run + 1) * length), begin);
      begin += length;
    }
  }
  return constant(first.type, shape, data);
};

const gather: Folder = (node) => {
  const [input, indices] = [given(node, 0), given(node, 1)];
  const axis = axisOf(node.attributes.int('axis') ?? 0, input.shape.length);
  const side = input.shape[axis] ?? 0;
  const places = Array.from(indices.data, (index) => axisOf(index, side));
  const [outer, inner] = [sizeOf(input.shape.slice(0, axis)), sizeOf(input.shape.slice(axis + 1))];
  const shape = [...input.shape.slice(0, axis), ...indices.shape, ...input.shape.slice(axis + 1)];
  const data = emptyLike(input.data, sizeOf(node.budget.spend(shape)));
  let begin = 0;
  for (let block = 0; block < outer; block += 1) {
    for (const place of places) {
      const from = (block * side + place) * inner;
      data.set(input.data.subarray(from, from + inner), begin);
      begin += inner;
    }
  }
  return constant(input.type, shape, data);
};

const slice: Folder = (node) => {
  const input = given(node, 0);
  const attributes = node.opset < 10;
  const list = (name: string, position: number) =>
    attributes ? node.attributes.ints(name) : listOf(node, name, position);
  const slices = slicesOf(input.shape, list('starts', 1), list('ends', 2), list('axes', 3), list('steps', 4));
  const own = stridesOf(input.shape);
  const shape = slices.map(({ count }) => count);
  const strides = slices.map(({ step }, axis) => step * (own[axis] ?? 0));
  const offset = slices.reduce((sum, { start }, axis) => sum + start * (own[axis] ?? 0), 0);
  return strided(input, node.budget.spend(shape), strides, offset);
};

const transpose: Folder = (node) => {
  const input = given(node, 0);
  const order = node.attributes.ints('perm') ?? [...input.shape.keys()].reverse();
  if (order.length !== input.shape.length || new Set(order).size !== order.length) {
    throw new ImportFault(`the order [${order.join(', ')}] does not fit a tensor of rank ${input.shape.length}`);
  }
  const own = stridesOf(input.shape);
  const axes = order.map((axis) => axisOf(axis, input.shape.length));
  const shape = node.budget.spend(axes.map((axis) => input.shape[axis] ?? 0));
  return strided(
    input,
    shape,
    axes.map((axis) => own[axis] ?? 0),
  );
};

const expand: Folder = (node) => {
  const input = given(node, 0);
  return broadcastTo(input, node.budget.spend(broadcastShape(input.shape, [...given(node, 1).data])));
};

const constantOfShape: Folder = (node) => {
  const shape = node.budget.spend([...given(node, 0).data]);
  const tensor = node.attributes.tensor('value');
  const fill = tensor === undefined ? constant('float', [1], new Float32Array(1)) : readTensor(tensor, null);
  return broadcastTo(fill, shape);
};

const range: Folder = (node) => {
  const [start, limit, delta] = [0, 1, 2].map((position) => given(node, position).data[0] ?? 0);
  if (start === undefined || limit === undefined || !delta) throw new ImportFault('counts in steps of 0');
  const [count = 0] = node.budget.spend([Math.max(Math.ceil((limit - start) / delta), 0)]);
  const values = Array.from({ length: count }, (_, k) => start + k * delta);
  const { type } = given(node, 0);
  return type === 'float' ? constant(type, [count], Float32Array.from(values)) : integers(values);
};

/** Over all values: the products and extremes of shapes. */
function reduction(of: (a: number, b: number) => number): Folder {
  return (node) => {
    const input = given(node, 0);
    const axes = listOf(node, 'axes', 1) ?? [...input.shape.keys()];
    const keep = (node.attributes.int('keepdims') ?? 1) !== 0;
    node.attributes.ignore('noop_with_empty_axes');
    if (input.shape.length > 1 || axes.length !== input.shape.length || input.data.length === 0) {
      throw new ImportFault('only reductions of whole vectors are computed');
    }
    const data = emptyLike(input.data, 1);
    data[0] = Array.from(input.data).reduce((a, b) => of(a, b));
    return constant(input.type, keep ? input.shape.map(() => 1) : [], data);
  };
}

/** What moves values, and what makes some. */
export const SHAPING_FOLDERS: Readonly<Record<string, Folder>> = {
  Identity: (node) => given(node, 0),
  Shape: (node) => shapeConstant(given(node, 0).shape, node),
  Size: (node) => integers([given(node, 0).data.length], []),
  Reshape: reshaping((node, shape) => {
    const allowZero = node.attributes.int('allowzero') === 1;
    return resolvedShape([...given(node, 1).data], shape, allowZero);
  }),
  Flatten: reshaping(({ attributes }, shape) => flattenedShape(attributes.int('axis') ?? 1, shape)),
  Squeeze: reshaping((node, shape) => squeezedShape(listOf(node, 'axes', 1) ?? null, shape)),
  Unsqueeze: reshaping((node, shape) => unsqueezedShape(listOf(node, 'axes', 1) ?? [], shape)),
  Concat: concat,
  Gather: gather,
  Slice: slice,
  Transpose: transpose,
  Expand: expand,
  ConstantOfShape: constantOfShape,
  Range: range,
  ReduceProd: reduction((a, b) => a * b),
  ReduceSum: reduction((a, b) => a + b),
  ReduceMax: reduction(Math.max),
  ReduceMin: reduction(Math.min),
};

/** A shape as the integers that Shape makes of it: all of it, or from axis `start` to before `end`. */
export function shapeConstant(shape: Shape, { attributes }: Pick<ConstantNode, 'attributes'>): Constant {
  return integers(shape.slice(attributes.int('start') ?? 0, attributes.int('end') ?? shape.length));
}
