import { sizeOf } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import type { Runs } from '../explanation/drivers.ts';
import { frameAt } from './animation.ts';
import { project } from './bounds.ts';
import { type Evaluated, ObjectiveRuns } from './objectiveRuns.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { blur } from './picture/blur.ts';
import { clipContribution, clipSmallest } from './picture/clip.ts';
import type { Frames, PrototypeOutcome, PrototypeRow, StepReport, TrajectoryPoint } from './plan.ts';
import { shiftAt } from './random.ts';
import type { RunSetup } from './setup.ts';
import { type Arrays, encodeSnapshot, restoreSnapshot } from './snapshot.ts';
import { beginning } from './starts.ts';

/** Steps over which an objective must have stopped to move. */
const WINDOW = 20;

const STILL = [0, 0] as const;

/** A search for prototypes: its state, and how one step changes it. */
export class PrototypeRun {
  private readonly setup: RunSetup;
  private readonly maxBatch: number;
  private readonly runs: ObjectiveRuns;
  private readonly optimiser: Optimiser;
  /** Of a row's variable and of a picture. */
  private readonly size: number;
  private readonly imageSize: number;
  private readonly variables: Float32Array;
  /** The variables themselves, or what the generator made of them. */
  private readonly images: Float32Array;
  private readonly ended: Uint8Array;
  /** Per row: steps that it took. */
  private readonly taken: Float64Array;
  /** Per row and step. */
  private readonly objectives: Float64Array;
  private readonly probabilities: Float64Array;
  private readonly frames: Float32Array;
  /** [steps of the run] */
  private readonly clock = new Float64Array(1);

  constructor(setup: RunSetup, maxBatch: number) {
    const { rows, options, imageShape, variableShape, structure, frames } = setup;
    this.setup = setup;
    this.maxBatch = maxBatch;
    this.runs = new ObjectiveRuns(setup, maxBatch);
    this.size = sizeOf(variableShape);
    this.imageSize = sizeOf(imageShape);
    this.optimiser = setup.optimiser(rows, this.size, setup.bounds);
    this.variables = new Float32Array(rows * this.size);
    this.images = structure.generator ? new Float32Array(rows * this.imageSize) : this.variables;
    this.ended = new Uint8Array(rows);
    this.taken = new Float64Array(rows);
    this.objectives = new Float64Array(rows * options.steps).fill(Number.NaN);
    this.probabilities = this.objectives.slice();
    this.frames = new Float32Array(frames * rows * this.imageSize);
  }

  /** @throws SnapshotError */
  restore(saved: Uint8Array): void {
    restoreSnapshot(saved, this.setup.identity, this.arrays());
  }

  *begin(): Runs<void> {
    this.variables.set(yield* beginning(this.setup, this.maxBatch));
  }

  get unfinished(): boolean {
    return this.step < this.setup.options.steps && this.ended.includes(0);
  }

  /** Evaluates all rows that have not ended, and moves them. */
  *advance(): Runs<void> {
    const { seed, regularisers } = this.setup.options;
    const active = this.rowsWhere((row) => this.ended[row] === 0);
    const offset = [
      shiftAt(seed, this.step, 0, regularisers.jitter),
      shiftAt(seed, this.step, 1, regularisers.jitter),
    ] as const;
    const evaluated = yield* this.runs.evaluate(active, this.variables, offset);
    for (const result of evaluated) this.record(result);
    this.keepFrame();
    this.endSettled(active);
    for (const result of evaluated) if (this.ended[result.row] === 0) this.move(result);
    this.clock[0] = this.step + 1;
  }

  report(): StepReport {
    const { rows, options } = this.setup;
    const latest = (history: Float64Array) =>
      Float64Array.from(
        { length: rows },
        (_, row) => history[row * options.steps + (this.taken[row] ?? 1) - 1] ?? Number.NaN,
      );
    return {
      step: this.step,
      steps: options.steps,
      objective: latest(this.objectives),
      probability: latest(this.probabilities),
      images: () => this.images.slice(),
      snapshot: () => encodeSnapshot(this.setup.identity, this.arrays()),
    };
  }

  /** Evaluates the best variables of every row once more, without any shift. */
  *finish(): Runs<PrototypeOutcome> {
    const all = this.rowsWhere(() => true);
    for (const row of all) this.optimiser.settle(row, this.variableOf(row));
    const evaluated = yield* this.runs.evaluate(all, this.variables, STILL);
    const rows = evaluated.map((result) => {
      this.check(result);
      if (result.image !== null) this.images.set(result.image, result.row * this.imageSize);
      return this.outcomeOf(result);
    });
    return { rows, images: this.images.slice(), frames: this.keptFrames() };
  }

  private get step(): number {
    return this.clock[0] ?? 0;
  }

  private record(result: Evaluated): void {
    this.check(result);
    const { row, objective, terms, image } = result;
    const at = row * this.setup.options.steps + this.step;
    this.objectives[at] = objective;
    this.probabilities[at] = probabilityOf(terms) ?? Number.NaN;
    this.taken[row] = this.step + 1;
    if (image !== null) this.images.set(image, row * this.imageSize);
  }

  /** @throws ElucidError `non-finite` */
  private check({ row, objective, terms, gradient }: Evaluated): void {
    let sum = objective;
    for (let i = 0; i < gradient.length; i += 1) sum += gradient[i] as number;
    if (Number.isFinite(sum)) return;
    const { index, unit } = this.targetOf(row).info;
    const name = unit === null ? `output ${index}` : `channel ${unit.channel} of layer ${unit.layer}`;
    const faulty = Object.keys(terms).filter((term) => !Number.isFinite(terms[term]));
    const what = faulty.length > 0 ? faulty.join(', ') : 'the gradient';
    throw new ElucidError('non-finite', `the objective of ${name} is not finite at step ${this.step}: ${what}`);
  }

  /** Ends rows whose objective stands still; with a diversity term all prototypes of a target together. */
  private endSettled(active: readonly number[]): void {
    const { options, activationShape } = this.setup;
    if (options.tolerance === 0) return;
    const coupled = activationShape === null ? 1 : options.count;
    const settled = active.filter((row) => this.isSettled(row));
    for (const row of settled) {
      const first = row - (row % coupled);
      const group = Array.from({ length: coupled }, (_, i) => first + i);
      if (group.every((other) => settled.includes(other))) this.ended[row] = 1;
    }
  }

  private isSettled(row: number): boolean {
    const { steps, tolerance } = this.setup.options;
    if (this.step < WINDOW) return false;
    const end = row * steps + this.step + 1;
    const recent = this.objectives.subarray(end - WINDOW - 1, end);
    const latest = recent[WINDOW] ?? 0;
    return Math.max(...recent) - Math.min(...recent) <= tolerance * Math.max(1, Math.abs(latest));
  }

  private move({ row, objective, gradient }: Evaluated): void {
    const variable = this.variableOf(row);
    if (!this.optimiser.advance(row, variable, objective, gradient, this.rate())) {
      // Prototypes that push each other apart go on together.
      if (this.setup.activationShape === null) this.ended[row] = 1;
      return;
    }
    const { blur: blurring, clipNorm, clipContribution: clipping } = this.setup.options.regularisers;
    if (blurring === null && clipNorm === 0 && clipping === 0) return;
    const { imageShape, bounds } = this.setup;
    if (blurring !== null && (this.step + 1) % blurring.every === 0) blur(variable, imageShape, blurring.sigma);
    if (clipNorm > 0) clipSmallest(variable, imageShape, clipNorm);
    if (clipping > 0) clipContribution(variable, gradient, imageShape, clipping);
    project(variable, bounds);
  }

  /** Falls linearly over the steps. */
  private rate(): number {
    const { optimiser, steps } = this.setup.options;
    if (optimiser.name === 'l-bfgs') return 1;
    const { learningRate, finalLearningRate } = optimiser;
    return learningRate + ((finalLearningRate - learningRate) * this.step) / steps;
  }

  private keepFrame(): void {
    const { options, frames } = this.setup;
    const frame = frameAt(this.step, options.steps, frames);
    if (frame !== null) this.frames.set(this.images, frame * this.images.length);
  }

  private keptFrames(): Frames | null {
    const { options, frames } = this.setup;
    if (frames === 0) return null;
    const steps = Array.from({ length: this.step }, (_, step) => step).filter(
      (step) => frameAt(step, options.steps, frames) !== null,
    );
    const kept = this.frames.subarray(0, steps.length * this.images.length);
    const data = new Float32Array(kept.length + this.images.length);
    data.set(kept);
    data.set(this.images, kept.length);
    return { steps: [...steps, this.step], data };
  }

  private outcomeOf({ row, objective, terms }: Evaluated): PrototypeRow {
    const { options, targets, trajectories } = this.setup;
    const { value = Number.NaN, ...others } = terms;
    const taken = this.taken[row] ?? 0;
    const probability = probabilityOf(terms);
    const name = 'log_probability' in terms ? 'logit' : 'value';
    return {
      target: targets[Math.floor(row / options.count)]?.info ?? { index: null, label: null, unit: null },
      copy: row % options.count,
      objective,
      terms: { [name]: value, ...others },
      probability,
      steps: taken,
      converged: this.ended[row] === 1,
      trajectory: trajectories ? [...this.wayOf(row, taken), { step: taken, objective, probability }] : [],
    };
  }

  private wayOf(row: number, taken: number): TrajectoryPoint[] {
    const from = row * this.setup.options.steps;
    return Array.from({ length: taken }, (_, step) => {
      const probability = this.probabilities[from + step] ?? Number.NaN;
      return {
        step,
        objective: this.objectives[from + step] ?? Number.NaN,
        probability: Number.isNaN(probability) ? null : probability,
      };
    });
  }

  private variableOf(row: number): Float32Array {
    return this.variables.subarray(row * this.size, (row + 1) * this.size);
  }

  private targetOf(row: number): RunSetup['targets'][number] {
    const target = this.setup.targets[Math.floor(row / this.setup.options.count)];
    if (target === undefined) throw new RangeError(`there is no row ${row}`);
    return target;
  }

  private rowsWhere(holds: (row: number) => boolean): readonly number[] {
    return Array.from({ length: this.setup.rows }, (_, row) => row).filter(holds);
  }

  /** The whole state, as views. */
  private arrays(): Arrays {
    const { clock, variables, ended, taken, objectives, probabilities, frames } = this;
    const images = this.images === this.variables ? {} : { images: this.images };
    const optimiser = Object.entries(this.optimiser.state).map(
      ([name, array]) => [`optimiser.${name}`, array] as const,
    );
    return {
      clock,
      variables,
      ...images,
      ended,
      taken,
      objectives,
      probabilities,
      frames,
      ...Object.fromEntries(optimiser),
    };
  }
}

/** p(c|x); null where the target has no probability. */
function probabilityOf(terms: Readonly<Record<string, number>>): number | null {
  const likelihood = terms['log_probability'];
  return likelihood === undefined ? null : Math.exp(likelihood);
}
