import type { Box } from '../../../models/preprocessing/pixels.ts';
import { type ArrayTensor, arrayTensor } from '../../../models/tensors/tensor.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import { firstRun, outputOf, perItem, type Runs, rowOf, runRows } from '../drivers.ts';
import { relevanceShape, subjectKey } from '../frame.ts';
import { clampToBox } from '../inputBox.ts';
import { type Driver, EXPLAIN, type Plan, type Subject } from '../plan.ts';
import { derivativeGraph, planGradientTimesInput } from './gradients.ts';
import { inputOnly, isBinary } from './inputOnly.ts';
import type { Method } from './method.ts';

/** Points along the line that are tried at a time, and how often the step is widened before there is taken to be no root. */
const POINTS = 16;
const WIDENINGS = 8;
/** Halvings of the interval that holds the root: to 2⁻³⁰ of it. */
const HALVINGS = 30;

/** R_i = ∂f/∂x_i |_x̃ · (x_i − x̃_i): the first-order Taylor decomposition at a root x̃ of f (Bach et al. 2015, section 2.3). */
export const taylor: Method<'taylor'> = {
  plan: (subject, options) =>
    options.root === 'zero' ? { ...planGradientTimesInput(subject), options } : planLine(subject, options),
};

function planLine(subject: Subject, options: Readonly<Record<string, unknown>>): Plan {
  inputOnly(subject, 'taylor with root "line"');
  return {
    key: `gradient ${subjectKey(subject)}`,
    settings: JSON.stringify(['taylor', options]),
    options,
    parameters: [],
    relevanceShape: relevanceShape(subject),
    conservation: { kind: 'difference' },
    requiredBox: null,
    rowsPerItem: 2 + POINTS * WIDENINGS + HALVINGS,
    graphs: () => ({ [EXPLAIN]: derivativeGraph(subject) }),
    driver: lineDriver(subject),
  };
}

/** The nearest zero of f along x − t·sgn(f)·∇f, t > 0, every variable held in the box; then the gradient there. */
function lineDriver({ network, box, unit }: Subject): Driver {
  return function* (given) {
    const first = yield* firstRun(given, isBinary(network, unit));
    const scores = outputOf(first.outputs, 'explained');
    const [items = 0] = given.input.shape;
    const roots = perItem(items, given.input.shape.slice(1));
    for (let item = 0; item < items; item += 1) {
      const f = scores.data[item] ?? 0;
      const x = rowOf(given.input, item);
      const direction = rowOf(outputOf(first.outputs, 'relevance'), item).map((d) => (f > 0 ? -d : d));
      const line = { x, direction, box };
      const evaluate = (ts: readonly number[]) => scoresAlong(given, first.target, item, line, ts);
      const root = f === 0 ? 0 : yield* findRoot(f, scaleOf(direction, f), evaluate);
      if (root === null) throw noRoot(item, box);
      pointAt(line, root, rowOf(roots, item));
    }
    return yield* decompose(given, first.target, first.outputs, roots);
  };
}

interface Line {
  readonly x: Float32Array;
  readonly direction: Float32Array;
  readonly box: Box | null;
}

function pointAt({ x, direction, box }: Line, t: number, into: Float32Array): void {
  for (let i = 0; i < x.length; i += 1) into[i] = (x[i] ?? 0) + t * (direction[i] ?? 0);
  if (box !== null) clampToBox(into, box);
}

/** f at several points of the line. */
function* scoresAlong(
  given: Parameters<Driver>[0],
  target: ArrayTensor,
  item: number,
  line: Line,
  ts: readonly number[],
): Runs<readonly number[]> {
  const scores: number[] = [];
  const fill = (row: number, into: Float32Array) => {
    pointAt(line, ts[row] ?? 0, into);
    return item;
  };
  yield* runRows(given, target, ts.length, fill, (row, output) => {
    scores[row] = output('explained')[0] ?? 0;
  });
  return scores;
}

/** The t at which the tangent reaches zero, |f| / ‖∇f‖²: a first guess of how far the root is. */
function scaleOf(direction: Float32Array, f: number): number {
  const squared = direction.reduce((sum, d) => sum + d * d, 0);
  return squared === 0 ? 0 : Math.abs(f) / squared;
}

/** The smallest sign change of f on a widening grid, then bisection; null when there is none. */
function* findRoot(
  f: number,
  scale: number,
  evaluate: (ts: readonly number[]) => Runs<readonly number[]>,
): Runs<number | null> {
  if (scale === 0) return null;
  let [inside, step] = [0, scale / POINTS];
  for (let widening = 0; widening < WIDENINGS; widening += 1) {
    const ts = Array.from({ length: POINTS }, (_, k) => inside + (k + 1) * step);
    const scores = yield* evaluate(ts);
    const crossing = scores.findIndex((score) => score * f <= 0);
    if (crossing >= 0)
      return yield* bisect(f, crossing === 0 ? inside : (ts[crossing - 1] ?? 0), ts[crossing] ?? 0, evaluate);
    inside = ts.at(-1) ?? inside;
    step *= 2;
  }
  return null;
}

function* bisect(
  f: number,
  from: number,
  to: number,
  evaluate: (ts: readonly number[]) => Runs<readonly number[]>,
): Runs<number> {
  let [inside, outside] = [from, to];
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (inside + outside) / 2;
    const [score = 0] = yield* evaluate([middle]);
    if (score * f > 0) inside = middle;
    else outside = middle;
  }
  return outside;
}

/** (x − x̃) ⊙ ∇f(x̃); the report's first column is f(x) − f(x̃). */
function* decompose(
  given: Parameters<Driver>[0],
  target: ArrayTensor,
  first: ReturnType<Driver> extends Generator<unknown, infer Outputs> ? Outputs : never,
  roots: ArrayTensor,
): ReturnType<Driver> {
  const [items = 0] = given.input.shape;
  const relevance = perItem(items, given.input.shape.slice(1));
  const differences = new Float32Array(items);
  const explained = outputOf(first, 'explained');
  const fill = (item: number, into: Float32Array) => {
    into.set(rowOf(roots, item));
    return item;
  };
  yield* runRows(given, target, items, fill, (item, output) => {
    const [x, root, derivative] = [rowOf(given.input, item), rowOf(roots, item), output('relevance')];
    rowOf(relevance, item).set(derivative.map((d, i) => d * ((x[i] ?? 0) - (root[i] ?? 0))));
    differences[item] = (explained.data[item] ?? 0) - (output('explained')[0] ?? 0);
  });
  return { ...first, relevance, report: arrayTensor([items, 1], differences) };
}

function noRoot(item: number, box: Box | null): ElucidError {
  const where = box === null ? 'along the gradient' : "along the gradient inside the model's box";
  return new ElucidError('not-applicable', `taylor found no root of the score ${where} for item ${item}`, [
    { pointer: '/options/root', detail: `no root of the score ${where} (item ${item})` },
  ]);
}
