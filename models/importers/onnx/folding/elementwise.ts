import { sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { kindOf, typeName } from '../tensors.ts';
import { type Constant, constant } from '../values.ts';
import { type ConstantNode, type Folder, given } from './node.ts';
import { broadcastShape, broadcastTo, emptyLike } from './strided.ts';

type Binary = (a: number, b: number) => number;

/** ONNX divides integers towards zero. */
const divideIntegers: Binary = (a, b) => {
  if (b === 0) throw new ImportFault('divides an integer by zero');
  return Math.trunc(a / b);
};

function binary(of: (type: Constant['type']) => Binary): Folder {
  return (node) => {
    const [a, b] = [given(node, 0), given(node, 1)];
    if (a.type !== b.type) throw new ImportFault(`mixes the types ${a.type} and ${b.type}`);
    return combined(a, b, a.type, of(a.type), node.budget.spend(broadcastShape(a.shape, b.shape)));
  };
}

function comparison(of: Binary): Folder {
  return (node) => {
    const [a, b] = [given(node, 0), given(node, 1)];
    return combined(a, b, 'bool', of, node.budget.spend(broadcastShape(a.shape, b.shape)));
  };
}

/** A power keeps the type of its base. */
const power: Folder = (node) => {
  const [a, b] = [given(node, 0), given(node, 1)];
  return combined(a, b, a.type, (x, y) => x ** y, node.budget.spend(broadcastShape(a.shape, b.shape)));
};

function combined(a: Constant, b: Constant, type: Constant['type'], of: Binary, shape: readonly number[]): Constant {
  const [x, y] = [broadcastTo(a, shape).data, broadcastTo(b, shape).data];
  const data = type === 'float' ? new Float32Array(x.length) : new Float64Array(x.length);
  for (let k = 0; k < data.length; k += 1) data[k] = of(x[k] ?? 0, y[k] ?? 0);
  return constant(type, shape, data);
}

function unary(of: (value: number) => number): Folder {
  return (node) => {
    const input = given(node, 0);
    const data = emptyLike(input.data, sizeOf(node.budget.spend(input.shape)));
    for (let k = 0; k < data.length; k += 1) data[k] = of(input.data[k] ?? 0);
    return constant(input.type, input.shape, data);
  };
}

/** Rounds to the nearest even number where two are equally near. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const cast: Folder = (node) => {
  const to = node.attributes.int('to') ?? 0;
  node.attributes.ignore('saturate', 'round_mode');
  const type = kindOf(to);
  if (type === null) throw new ImportFault(`casts to the ${typeName(to)}, which is not read`);
  return castTo(node, type);
};

function castTo(node: ConstantNode, type: Constant['type']): Constant {
  const input = given(node, 0);
  if (input.type === type) return input;
  node.budget.spend(input.shape);
  if (type === 'float') return constant(type, input.shape, Float32Array.from(input.data));
  const of = type === 'bool' ? (value: number) => Number(value !== 0) : Math.trunc;
  return constant(type, input.shape, Float64Array.from(input.data, of));
}

const where: Folder = (node) => {
  const [condition, a, b] = [given(node, 0), given(node, 1), given(node, 2)];
  if (a.type !== b.type) throw new ImportFault(`mixes the types ${a.type} and ${b.type}`);
  const shape = node.budget.spend(broadcastShape(condition.shape, broadcastShape(a.shape, b.shape)));
  const [chooses, x, y] = [condition, a, b].map((value) => broadcastTo(value, shape).data);
  const data = emptyLike(a.data, sizeOf(shape));
  for (let k = 0; k < data.length; k += 1) data[k] = (chooses?.[k] ? x?.[k] : y?.[k]) ?? 0;
  return constant(a.type, shape, data);
};

/** Element by element, with broadcasting. */
export const ELEMENTWISE_FOLDERS: Readonly<Record<string, Folder>> = {
  Add: binary(() => (a, b) => a + b),
  Sub: binary(() => (a, b) => a - b),
  Mul: binary(() => (a, b) => a * b),
  Div: binary((type) => (type === 'int' ? divideIntegers : (a, b) => a / b)),
  Pow: power,
  Min: binary(() => Math.min),
  Max: binary(() => Math.max),
  Equal: comparison((a, b) => Number(a === b)),
  Greater: comparison((a, b) => Number(a > b)),
  GreaterOrEqual: comparison((a, b) => Number(a >= b)),
  Less: comparison((a, b) => Number(a < b)),
  LessOrEqual: comparison((a, b) => Number(a <= b)),
  And: comparison((a, b) => Number(a !== 0 && b !== 0)),
  Or: comparison((a, b) => Number(a !== 0 || b !== 0)),
  Not: unary((value) => Number(value === 0)),
  Neg: unary((value) => -value),
  Abs: unary(Math.abs),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((value) => 1 / value),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Where: where,
  Cast: cast,
  CastLike: (node) => castTo(node, given(node, 1).type),
};
