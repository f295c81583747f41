import type { Box } from '../../../models/preprocessing/pixels.ts';
import type { ArrayTensor } from '../../../models/tensors/tensor.ts';
import { type Runs, runRows } from '../drivers.ts';
import { clampToBox } from '../inputBox.ts';

/** Points of the line that are tried at a time, and how often the step is widened before there is taken to be no root. */
const POINTS = 16;
const WIDENINGS = 8;
/** Halvings of the interval that holds the root: to 2⁻³⁰ of it. */
const HALVINGS = 30;

/** Network rows that the search for one root costs at most. */
export const ROWS_PER_ROOT = POINTS * WIDENINGS + HALVINGS;

/** Inputs x + t·direction, t ≥ 0, every variable held in the box. */
export interface Line {
  readonly x: Float32Array;
  readonly direction: Float32Array;
  readonly box: Box | null;
}

/** Evaluates f at several points of a line. */
type Evaluate = (ts: readonly number[]) => Runs<readonly number[]>;

/** How scores on a line are computed: as rows of the plan's graph, for the target of one item. */
export interface LineRuns {
  readonly shape: readonly number[];
  readonly maxBatch: number;
  readonly target: ArrayTensor;
  readonly item: number;
}

/** Writes the point t of a line. */
export function pointAt({ x, direction, box }: Line, t: number, into: Float32Array): void {
  for (let i = 0; i < x.length; i += 1) into[i] = (x[i] ?? 0) + t * (direction[i] ?? 0);
  if (box !== null) clampToBox(into, box);
}

/**
 * The t of the nearest zero of the score on a line, by a grid that widens from a sixteenth of the tangent's zero to 16
 * times it, then bisection.
 * @param f the score at t = 0
 * @returns null when the score keeps its sign
 */
export function* findRoot(f: number, line: Line, runs: LineRuns): Runs<number | null> {
  if (f === 0) return 0;
  const squared = line.direction.reduce((sum, d) => sum + d * d, 0);
  if (squared === 0) return null;
  const evaluate: Evaluate = (ts) => scoresAlong(line, runs, ts);
  let [inside, step] = [0, Math.abs(f) / squared / POINTS];
  for (let widening = 0; widening < WIDENINGS; widening += 1) {
    const ts = Array.from({ length: POINTS }, (_, k) => inside + (k + 1) * step);
    const scores = yield* evaluate(ts);
    const crossing = scores.findIndex((score) => score * f <= 0);
    if (crossing >= 0) return yield* bisect(f, ts[crossing - 1] ?? inside, ts[crossing] ?? inside, evaluate);
    inside = ts.at(-1) ?? inside;
    step *= 2;
  }
  return null;
}

function* bisect(f: number, from: number, to: number, evaluate: Evaluate): Runs<number> {
  let [inside, outside] = [from, to];
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (inside + outside) / 2;
    const [score = 0] = yield* evaluate([middle]);
    if (score * f > 0) inside = middle;
    else outside = middle;
  }
  return outside;
}

function* scoresAlong(
  line: Line,
  { shape, maxBatch, target, item }: LineRuns,
  ts: readonly number[],
): Runs<readonly number[]> {
  const scores: number[] = [];
  const fill = (row: number, into: Float32Array) => {
    pointAt(line, ts[row] ?? 0, into);
    return item;
  };
  yield* runRows(shape, maxBatch, target, ts.length, fill, (row, output) => {
    scores[row] = output('explained')[0] ?? 0;
  });
  return scores;
}
