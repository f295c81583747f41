import { type Bounds, project } from '../bounds.ts';
import type { Optimiser, OptimiserMaker } from './optimiser.ts';

/** Pairs that are remembered. */
const MEMORY = 10;
/** Share of the linear increase that a step must reach (Armijo). */
const SUFFICIENT = 1e-4;
const BACKTRACKS = 20;
/** A pair whose cosine is smaller holds no curvature that could be trusted. */
const LEAST_CURVATURE = 1e-8;
/** A row is at its maximum when no |g| of a variable that no bound holds is as large as this. */
const STATIONARY = 1e-7;

/** Places in a row's scalars. */
const ACCEPTED = 0;
const OBJECTIVE = 1;
const LENGTH = 2;
const PAIRS = 3;
const TRIALS = 4;
const SCALARS = 5;

/**
 * Limited-memory BFGS within bounds: the two-metric projection of Bertsekas (1982) with the two-loop recursion of Nocedal
 * (1980) on the variables that no bound holds, and backtracking along P(v + t·d) (Armijo). It solves the problems of
 * L-BFGS-B (Byrd et al. 1995) without its generalised Cauchy point. Every call of `advance` judges one trial, so that
 * rows search their lines side by side in one batch; step sizes are its own.
 */
export const lbfgs: OptimiserMaker = (rows, size, bounds) => {
  const perRow = (count: number) => new Float32Array(rows * count);
  const state = {
    moves: perRow(MEMORY * size),
    changes: perRow(MEMORY * size),
    accepted: perRow(size),
    gradient: perRow(size),
    direction: perRow(size),
    scalars: new Float64Array(rows * SCALARS),
  };
  const searches = Array.from({ length: rows }, (_, row) => new Search(state, row, size, bounds));
  return {
    advance: (row, variables, objective, gradient) => searches[row]?.advance(variables, objective, gradient) ?? false,
    settle: (row, variables) => searches[row]?.settle(variables),
    state,
  } satisfies Optimiser;
};

type State = Readonly<
  Record<'moves' | 'changes' | 'accepted' | 'gradient' | 'direction', Float32Array> & { scalars: Float64Array }
>;

/** The search of one row: views of its part of the state. */
class Search {
  private readonly bounds: Bounds | null;
  private readonly moves: readonly Float32Array[];
  private readonly changes: readonly Float32Array[];
  private readonly accepted: Float32Array;
  private readonly gradient: Float32Array;
  private readonly direction: Float32Array;
  private readonly scalars: Float64Array;

  constructor(state: State, row: number, size: number, bounds: Bounds | null) {
    const part = (array: Float32Array, index: number) => array.subarray(index * size, (index + 1) * size);
    const pairs = (array: Float32Array) => Array.from({ length: MEMORY }, (_, k) => part(array, row * MEMORY + k));
    this.bounds = bounds;
    this.moves = pairs(state.moves);
    this.changes = pairs(state.changes);
    this.accepted = part(state.accepted, row);
    this.gradient = part(state.gradient, row);
    this.direction = part(state.direction, row);
    this.scalars = state.scalars.subarray(row * SCALARS, (row + 1) * SCALARS);
  }

  advance(trial: Float32Array, objective: number, gradient: Float32Array): boolean {
    if (this.get(ACCEPTED) === 1) {
      if (!this.sufficient(trial, objective)) return this.backtrack(trial);
      this.remember(trial, gradient);
    }
    this.accepted.set(trial);
    this.gradient.set(gradient);
    this.set(ACCEPTED, 1);
    this.set(OBJECTIVE, objective);
    return this.begin(trial);
  }

  settle(variables: Float32Array): void {
    if (this.get(ACCEPTED) === 1) variables.set(this.accepted);
  }

  /** J(v) ≥ J(v₀) + c·g₀ᵀ(v − v₀), and v ≠ v₀. */
  private sufficient(trial: Float32Array, objective: number): boolean {
    let [linear, moved] = [0, false];
    for (let i = 0; i < trial.length; i += 1) {
      const move = (trial[i] as number) - (this.accepted[i] as number);
      moved ||= move !== 0;
      linear += (this.gradient[i] as number) * move;
    }
    return moved && objective >= this.get(OBJECTIVE) + SUFFICIENT * linear;
  }

  /** A shorter step; when none helps, once more along the gradient; then there is nothing left to gain. */
  private backtrack(trial: Float32Array): boolean {
    this.set(TRIALS, this.get(TRIALS) + 1);
    if (this.get(TRIALS) < BACKTRACKS) {
      this.set(LENGTH, this.get(LENGTH) / 2);
      this.propose(trial);
      return true;
    }
    trial.set(this.accepted);
    if (this.get(PAIRS) === 0) return false;
    this.set(PAIRS, 0);
    return this.begin(trial);
  }

  private remember(trial: Float32Array, gradient: Float32Array): void {
    const slot = this.get(PAIRS) % MEMORY;
    const [move, change] = [this.moves[slot], this.changes[slot]];
    if (move === undefined || change === undefined) return;
    let [moved, changed, product] = [0, 0, 0];
    for (let i = 0; i < trial.length; i += 1) {
      const s = (trial[i] as number) - (this.accepted[i] as number);
      const y = (this.gradient[i] as number) - (gradient[i] as number);
      moved += s * s;
      changed += y * y;
      product += s * y;
    }
    if (!(product > LEAST_CURVATURE * Math.sqrt(moved * changed))) return;
    for (let i = 0; i < trial.length; i += 1) {
      move[i] = (trial[i] as number) - (this.accepted[i] as number);
      change[i] = (this.gradient[i] as number) - (gradient[i] as number);
    }
    this.set(PAIRS, this.get(PAIRS) + 1);
  }

  /** Chooses a direction at the accepted point, and proposes the first trial along it. */
  private begin(trial: Float32Array): boolean {
    const { direction, gradient } = this;
    const free = this.freeGradient();
    if (free.largest < STATIONARY) return false;
    this.precondition(direction);
    let slope = 0;
    for (let i = 0; i < direction.length; i += 1) {
      if ((free.values[i] as number) === 0) direction[i] = 0;
      slope += (direction[i] as number) * (gradient[i] as number);
    }
    if (!(slope > 0)) {
      direction.set(free.values);
      this.set(PAIRS, 0);
    }
    this.set(LENGTH, this.get(PAIRS) === 0 ? Math.min(1, 1 / free.norm) : 1);
    this.set(TRIALS, 0);
    this.propose(trial);
    return true;
  }

  /** The gradient without what bounds hold, also as the direction to start from. */
  private freeGradient(): { values: Float32Array; norm: number; largest: number } {
    const { gradient, accepted, direction, bounds } = this;
    let [squared, largest] = [0, 0];
    for (let i = 0; i < gradient.length; i += 1) {
      const [g, v] = [gradient[i] as number, accepted[i] as number];
      const held =
        bounds !== null && ((g < 0 && v <= (bounds.low[i] as number)) || (g > 0 && v >= (bounds.high[i] as number)));
      const own = held ? 0 : g;
      direction[i] = own;
      squared += own * own;
      largest = Math.max(largest, Math.abs(own));
    }
    return { values: direction.slice(), norm: Math.sqrt(squared), largest };
  }

  /** Two-loop recursion (Nocedal and Wright 2006, algorithm 7.4), over the free variables: those where d is not 0. */
  private precondition(d: Float32Array): void {
    const count = this.get(PAIRS);
    const slots = Array.from({ length: Math.min(count, MEMORY) }, (_, k) => (count - 1 - k) % MEMORY);
    const free = Uint8Array.from(d, (value) => (value === 0 ? 0 : 1));
    const applied: { s: Float32Array; y: Float32Array; curvature: number; alpha: number }[] = [];
    for (const slot of slots) {
      const [s, y] = [this.moves[slot], this.changes[slot]];
      if (s === undefined || y === undefined) continue;
      const curvature = dotOver(free, s, y);
      if (!(curvature > 0)) continue;
      const alpha = dotOver(free, s, d) / curvature;
      addTo(d, -alpha, y);
      applied.push({ s, y, curvature, alpha });
    }
    const [latest] = applied;
    if (latest === undefined) return;
    const scale = latest.curvature / dotOver(free, latest.y, latest.y);
    for (let i = 0; i < d.length; i += 1) d[i] = scale * (d[i] as number);
    for (const { s, y, curvature, alpha } of applied.reverse()) addTo(d, alpha - dotOver(free, y, d) / curvature, s);
  }

  private propose(trial: Float32Array): void {
    const length = this.get(LENGTH);
    for (let i = 0; i < trial.length; i += 1) {
      trial[i] = (this.accepted[i] as number) + length * (this.direction[i] as number);
    }
    project(trial, this.bounds);
  }

  private get(place: number): number {
    return this.scalars[place] as number;
  }

  private set(place: number, value: number): void {
    this.scalars[place] = value;
  }
}

function dotOver(free: Uint8Array, a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) if (free[i] === 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function addTo(d: Float32Array, factor: number, values: Float32Array): void {
  for (let i = 0; i < d.length; i += 1) d[i] = (d[i] as number) + factor * (values[i] as number);
}
