import { ImportFault } from '../../faults.ts';
import { affine } from './affine.ts';
import { arranged, naturalOrder, shaped } from './arrangement.ts';
import type { GraphBuilding, Operation } from './operation.ts';
import {
  type Computed,
  type Constant,
  computedInput,
  computedValue,
  constantInput,
  type GraphValue,
  numberInput,
  shapeOf,
} from './values.ts';

/** x ↦ scale x + offset for a constant c. */
interface Map {
  readonly scale: (c: number) => number;
  readonly offset: (c: number) => number;
}

const one = () => 1;
const zero = () => 0;
const minus = (c: number) => -c;
const same = (c: number) => c;

const PLUS: Map = { scale: one, offset: same };
const TIMES: Map = { scale: same, offset: zero };

const add = combined({ withConstant: PLUS, afterConstant: PLUS, coefficients: null });

export const ARITHMETIC: Readonly<Record<string, Operation>> = {
  Add: add,
  AddV2: add,
  BiasAdd: ({ name, attributes }, inputs, building) => {
    const value = computedInput(inputs, 0);
    return biased(name, value, constantInput(inputs, 1), attributes.text('data_format', 'NHWC'), building);
  },
  AddN: ({ name }, inputs, { draft, ...building }) => {
    const values = inputs.map((_, place) => computedInput(inputs, place));
    return sum(name, values, null, { draft, ...building });
  },
  Sub: combined({
    withConstant: { scale: one, offset: minus },
    afterConstant: { scale: () => -1, offset: same },
    coefficients: [1, -1],
  }),
  Mul: combined({ withConstant: TIMES, afterConstant: TIMES, coefficients: 'the product of two computed values' }),
  RealDiv: combined({
    withConstant: { scale: (c) => 1 / c, offset: zero },
    afterConstant: 'a division by a computed value',
    coefficients: 'the quotient of two computed values',
  }),
  Neg: ({ name }, inputs, building) => {
    const value = computedInput(inputs, 0);
    return affine(name, value, { shape: [], scale: () => -1, offset: zero }, building);
  },
  Maximum: ({ name }, inputs, building) => {
    const { value, bound } = beside(inputs);
    return clipped(name, value, bound, LARGEST, building);
  },
  Minimum: ({ name }, inputs, building) => {
    const { value, bound } = beside(inputs);
    return clipped(name, value, -LARGEST, bound, building);
  },
  ClipByValue: ({ name }, inputs, building) =>
    clipped(name, computedInput(inputs, 0), numberInput(inputs, 1), numberInput(inputs, 2), building),
};

interface Combination {
  /** What an operation is for a value and a constant, in this order; a string says why it is not supported. */
  readonly withConstant: Map | string;
  /** The same for a constant and a value. */
  readonly afterConstant: Map | string;
  /** The coefficients of the sum that an operation is for two values. */
  readonly coefficients: readonly number[] | null | string;
}

function combined({ withConstant, afterConstant, coefficients }: Combination): Operation {
  return ({ name }, inputs, building) => {
    const [left, right] = inputs;
    if (left?.kind === 'computed' && right?.kind === 'computed') {
      return sum(name, [left, right], supported(coefficients), building);
    }
    const place = left?.kind === 'computed' ? 0 : 1;
    const value = computedInput(inputs, place);
    const { shape, data } = constantInput(inputs, 1 - place);
    const map = supported(place === 0 ? withConstant : afterConstant);
    const of = (f: (c: number) => number) => (at: number) => f(data[at] ?? 0);
    return affine(name, value, { shape, scale: of(map.scale), offset: of(map.offset) }, building);
  };
}

function supported<T>(meaning: T | string): T {
  if (typeof meaning === 'string') throw new ImportFault(`${meaning} is not supported`);
  return meaning;
}

/** One bias for each channel. */
export function biased(
  name: string,
  value: Computed,
  { shape: [count = 0], data }: Constant,
  format: string,
  building: GraphBuilding,
): Computed {
  const behind = format === 'NCHW' ? Math.max(value.axes.length - 1, 0) : 0;
  const shape = [count, ...Array.from({ length: behind }, () => 1)];
  return affine(name, value, { shape, scale: one, offset: (c) => data[c] ?? 0 }, building);
}

/** Σ coefficient_i x_i of values of one shape; all coefficients 1 when null. */
function sum(
  name: string,
  values: readonly Computed[],
  coefficients: readonly number[] | null,
  building: GraphBuilding,
): Computed {
  const [first] = values;
  if (first === undefined) throw new ImportFault('has no inputs');
  const shapes = values.map((value) => shapeOf(value).join(', '));
  if (shapes.some((shape) => shape !== shapes[0])) {
    throw new ImportFault(`sums values of different shapes: ${shapes.map((s) => `[batch, ${s}]`).join(', ')}`);
  }
  const { draft } = building;
  if (values.every((value) => layout(value) === layout(first))) {
    const shape = draft.shapeOf(first.index);
    const inputs = values.map(({ index }) => shaped(name, index, shape, draft));
    return { ...first, index: draft.add({ type: 'add', name, inputs, coefficients }) };
  }
  const order = naturalOrder(first, building);
  const laid = values.map((value) => arranged(name, value, order, draft));
  const index = draft.add({ type: 'add', name, inputs: laid.map((value) => value.index), coefficients });
  return computedValue(index, laid[0]?.shape ?? [], laid[0]?.places ?? []);
}

/** What two values of one shape have in common when the draft has them in the same order. */
function layout({ sides, axes }: Computed): string {
  const long = [...sides.keys()].filter((part) => sides[part] !== 1);
  const order = axes.map((parts) => parts.map((part) => long.indexOf(part)).filter((rank) => rank >= 0));
  return JSON.stringify([long.map((part) => sides[part]), order]);
}

/** The largest number that a float32 can be. */
const LARGEST = 3.4028234663852886e38;

function clipped(name: string, value: Computed, low: number, high: number, { draft }: GraphBuilding): Computed {
  if (!(low < high)) throw new ImportFault(`clips between ${low} and ${high}`);
  const isRectifier = low === 0 && high === LARGEST;
  const fn = isRectifier ? ({ name: 'relu' } as const) : ({ name: 'clip', low, high } as const);
  return { ...value, index: draft.add({ type: 'activation', name, inputs: [value.index], function: fn }) };
}

/** A value and a number, in any order. */
function beside(inputs: readonly GraphValue[]): { value: Computed; bound: number } {
  const place = inputs[0]?.kind === 'computed' ? 0 : 1;
  return { value: computedInput(inputs, place), bound: numberInput(inputs, 1 - place) };
}
