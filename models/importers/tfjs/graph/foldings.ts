import { isSameShape } from '../../../shapes.ts';
import { type Shape, sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import type { Folding } from './operation.ts';
import { squeezedAxes } from './shaping.ts';
import { plainRanges, type Range, stridedRanges } from './slices.ts';
import { type Constant, integersInput, type Numbers, numberInput } from './values.ts';

/** More values than constants are computed to have. */
const MAX_FOLDED = 1 << 24;

/** Operations on values that are known at import: shapes, and parameters that the converter has left unfolded. */
export const FOLDINGS: Readonly<Record<string, Folding>> = {
  Identity: (_, inputs) => at(inputs, 0),
  Cast: ({ attributes }, inputs) => cast(at(inputs, 0), attributes.type('DstT')),
  Shape: (_, inputs) => integers([at(inputs, 0).shape.length], at(inputs, 0).shape),
  Size: (_, inputs) => integers([], [at(inputs, 0).data.length]),
  Add: binary((a, b) => a + b),
  AddV2: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  RealDiv: binary((a, b) => a / b),
  FloorDiv: binary((a, b) => Math.floor(a / b)),
  Maximum: binary(Math.max),
  Minimum: binary(Math.min),
  Neg: unary((x) => -x),
  Sqrt: unary(Math.sqrt),
  Rsqrt: unary((x) => 1 / Math.sqrt(x)),
  Square: unary((x) => x * x),
  Prod: ({ attributes }, inputs) => {
    const { shape, data } = at(inputs, 0);
    if (shape.length > 1) throw new ImportFault('a product over a constant of several axes');
    const product = Array.from(data).reduce((a, b) => a * b, 1);
    return { kind: 'constant', shape: attributes.flag('keep_dims') ? [1] : [], data: like(data, [product]) };
  },
  Pack: ({ attributes }, inputs) => {
    const axis = attributes.integer('axis', 0);
    const [first] = inputs;
    const alike = first !== undefined && inputs.every(({ shape }) => isSameShape(shape, first.shape));
    if (!alike || axis !== 0) throw new ImportFault('only constants of one shape are packed, along axis 0');
    return { kind: 'constant', shape: [inputs.length, ...first.shape], data: concatenated(inputs) };
  },
  Unpack: (_, inputs) => {
    const { shape, data } = at(inputs, 0);
    if (shape.length !== 1) throw new ImportFault('only a constant of one axis is unpacked');
    return Array.from(data, (value): Constant => ({ kind: 'constant', shape: [], data: like(data, [value]) }));
  },
  ConcatV2: (_, inputs) => {
    const parts = inputs.slice(0, -1);
    if (parts.some(({ shape }) => shape.length !== 1)) throw new ImportFault('only constants of one axis are joined');
    const data = concatenated(parts);
    return { kind: 'constant', shape: [data.length], data };
  },
  StridedSlice: ({ attributes }, inputs) =>
    sliced(at(inputs, 0), stridedRanges(inputs, attributes, at(inputs, 0).shape)),
  Slice: (_, inputs) => sliced(at(inputs, 0), plainRanges(inputs, at(inputs, 0).shape)),
  GatherV2: (_, inputs) => {
    const { shape, data } = at(inputs, 0);
    if (shape.length !== 1 || numberInput(inputs, 2) !== 0)
      throw new ImportFault('only a constant of one axis is indexed');
    const places = integersInput(inputs, 1);
    if (places.some((place) => data[place] === undefined))
      throw new ImportFault(`indexes ${data.length} values at ${places.join(', ')}`);
    return {
      kind: 'constant',
      shape: at(inputs, 1).shape,
      data: like(
        data,
        places.map((place) => data[place] ?? 0),
      ),
    };
  },
  Reshape: (_, inputs) => resized(at(inputs, 0), integersInput(inputs, 1)),
  ExpandDims: (_, inputs) => {
    const { shape } = at(inputs, 0);
    const axis = numberInput(inputs, 1);
    const place = axis < 0 ? axis + shape.length + 1 : axis;
    return { ...at(inputs, 0), shape: [...shape.slice(0, place), 1, ...shape.slice(place)] };
  },
  Squeeze: ({ attributes }, inputs) => {
    const { shape } = at(inputs, 0);
    const axes = squeezedAxes(attributes).map((axis) => (axis < 0 ? axis + shape.length : axis));
    const goes = (axis: number) => shape[axis] === 1 && (axes.length === 0 || axes.includes(axis));
    return { ...at(inputs, 0), shape: shape.filter((_, axis) => !goes(axis)) };
  },
  Fill: (_, inputs) => {
    const shape = integersInput(inputs, 0);
    return { kind: 'constant', shape, data: like(at(inputs, 1).data, filled(shape, numberInput(inputs, 1))) };
  },
};

function at(inputs: readonly Constant[], place: number): Constant {
  const input = inputs[place];
  if (input === undefined) throw new ImportFault(`has no input ${place}`);
  return input;
}

function integers(shape: Shape, data: readonly number[]): Constant {
  return { kind: 'constant', shape, data: Float64Array.from(data) };
}

/** Numbers of the same type as others. */
function like(numbers: Numbers, data: ArrayLike<number>): Numbers {
  return numbers instanceof Float32Array ? Float32Array.from(data) : Float64Array.from(data);
}

function filled(shape: Shape, value: number): readonly number[] {
  return Array.from({ length: checkedSize(shape) }, () => value);
}

function checkedSize(shape: Shape): number {
  const size = sizeOf(shape);
  const isShape = shape.every((side) => Number.isSafeInteger(side) && side >= 0);
  if (!isShape || size > MAX_FOLDED) throw new ImportFault(`computes a constant of the shape [${shape.join(', ')}]`);
  return size;
}

function cast({ shape, data }: Constant, type: string | null): Constant {
  switch (type) {
    case 'DT_FLOAT':
      return { kind: 'constant', shape, data: Float32Array.from(data) };
    case 'DT_INT32':
    case 'DT_INT64':
      return { kind: 'constant', shape, data: Float64Array.from(data, Math.trunc) };
    default:
      throw new ImportFault(`a cast to ${type} is not supported`);
  }
}

function unary(f: (x: number) => number): Folding {
  return (_, inputs) => {
    const { shape, data } = at(inputs, 0);
    return { kind: 'constant', shape, data: like(data, Array.from(data, f)) };
  };
}

/** Elementwise on two constants that are broadcast to each other. */
function binary(f: (a: number, b: number) => number): Folding {
  return (_, inputs) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    const rank = Math.max(a.shape.length, b.shape.length);
    const sidesOf = ({ shape }: Constant) => [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
    const [left, right] = [sidesOf(a), sidesOf(b)];
    const shape = left.map((side, axis) => (side === 1 ? (right[axis] ?? 1) : side));
    if (right.some((side, axis) => side !== 1 && side !== shape[axis])) {
      throw new ImportFault(`combines constants of the shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
    }
    const from = (sides: Shape, k: number) => {
      let [rest, place, step] = [k, 0, 1];
      for (let axis = rank - 1; axis >= 0; axis -= 1) {
        const side = shape[axis] ?? 1;
        const own = sides[axis] ?? 1;
        if (own !== 1) place += (rest % side) * step;
        step *= own;
        rest = Math.floor(rest / side);
      }
      return place;
    };
    const data = Array.from({ length: checkedSize(shape) }, (_, k) =>
      f(a.data[from(left, k)] ?? Number.NaN, b.data[from(right, k)] ?? Number.NaN),
    );
    return { kind: 'constant', shape, data: like(a.data instanceof Float32Array ? a.data : b.data, data) };
  };
}

function concatenated(inputs: readonly Constant[]): Numbers {
  const all = inputs.flatMap(({ data }) => Array.from(data));
  return like(inputs[0]?.data ?? new Float64Array(), all);
}

/** A part of a constant of one axis. */
function sliced({ shape, data }: Constant, ranges: readonly Range[]): Constant {
  const [range, ...others] = ranges;
  if (range === undefined || others.length > 0) throw new ImportFault(`slices a constant of ${shape.length} axes`);
  const { begin, size, stride, drops } = range;
  const values = Array.from({ length: size }, (_, k) => data[begin + k * stride] ?? 0);
  return { kind: 'constant', shape: drops ? [] : [size], data: like(data, values) };
}

function resized({ data }: Constant, target: readonly number[]): Constant {
  const known = sizeOf(target.filter((side) => side !== -1));
  const shape = target.map((side) => (side === -1 ? data.length / known : side));
  if (checkedSize(shape) !== data.length) {
    throw new ImportFault(`cannot read ${data.length} constant values as [${target.join(', ')}]`);
  }
  return { kind: 'constant', shape, data };
}
