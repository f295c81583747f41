import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import type { NamedTensors } from '../engine/engine.ts';
import { outputOf, type Runs } from '../explanation/drivers.ts';
import { type Similarity, similarity } from './diversity.ts';
import { INPUTS, weightInput } from './graphs/labels.ts';
import { ACTIVATIONS, OBJECTIVE, type RunSetup, weightOf } from './setup.ts';

/** The objective of one row, and its derivative. */
export interface Evaluated {
  readonly row: number;
  /** The total, with all weights. */
  readonly objective: number;
  readonly terms: Readonly<Record<string, number>>;
  /** By the variable. */
  readonly gradient: Float32Array;
  /** Where the variable is a code. */
  readonly image: Float32Array | null;
}

/** A shift of what the network sees: pixels down and to the right. */
export type Offset = readonly [number, number];

/** Evaluates the objective of some rows, in batches of bounded size. */
export class ObjectiveRuns {
  private readonly setup: RunSetup;
  private readonly maxBatch: number;
  /** Inputs that stay the same from step to step, by the rows of a batch: of the batches of the latest step. */
  private fixed: ReadonlyMap<string, NamedTensors> = new Map();
  private readonly bounds: NamedTensors;

  constructor(setup: RunSetup, maxBatch: number) {
    this.setup = setup;
    this.maxBatch = maxBatch;
    this.bounds = boundInputs(setup);
  }

  /**
   * @param rows ascending; with a diversity term whole groups
   * @param variables of all rows, [rows, ...variable shape]
   */
  *evaluate(rows: readonly number[], variables: Float32Array, offset: Offset): Runs<readonly Evaluated[]> {
    const shifts = this.shiftInputs(offset);
    const alike = yield* this.similarities(rows, variables, shifts);
    const evaluated: Evaluated[] = [];
    const fixed = new Map<string, NamedTensors>();
    for (let from = 0; from < rows.length; from += this.maxBatch) {
      const batch = rows.slice(from, from + this.maxBatch);
      const pull = alike === null ? {} : { [INPUTS.pull]: this.pullOf(alike, from, batch.length) };
      const key = batch.join();
      const still = this.fixed.get(key) ?? this.fixedInputs(batch);
      fixed.set(key, still);
      const inputs = {
        ...this.variableOf(batch, variables),
        ...still,
        ...this.bounds,
        ...shifts,
        ...pull,
      };
      const outputs = yield { graph: OBJECTIVE, inputs };
      batch.forEach((row, i) => {
        evaluated.push(this.judge(row, i, outputs, alike?.sums[from + i] ?? null));
      });
    }
    this.fixed = fixed;
    return evaluated;
  }

  /** J = base + Σ weight · term − μ · similarity, in float64. */
  private judge(row: number, i: number, outputs: NamedTensors, alike: number | null): Evaluated {
    const { columns, options, structure } = this.setup;
    const values = rowValues(outputOf(outputs, 'terms'), i);
    const terms = Object.fromEntries(columns.map((name, k) => [name, values[k] ?? Number.NaN]));
    const { value = 0, log_probability: likelihood = Number.NaN } = terms;
    let objective = { value, '-value': -value, 'log-probability': likelihood }[structure.base];
    for (const [name, term] of Object.entries(terms)) {
      const weight = weightOf(options, name);
      if (weight !== 0) objective += weight * term;
    }
    if (alike !== null) objective -= options.diversity.weight * alike;
    return {
      row,
      objective,
      terms: alike === null ? terms : { ...terms, diversity: alike },
      gradient: rowValues(outputOf(outputs, 'gradient'), i),
      image: structure.generator ? rowValues(outputOf(outputs, 'image'), i) : null,
    };
  }

  private *similarities(
    rows: readonly number[],
    variables: Float32Array,
    shifts: NamedTensors,
  ): Runs<Similarity | null> {
    const { activationShape, options } = this.setup;
    if (activationShape === null) return null;
    const size = sizeOf(activationShape);
    const activations = new Float32Array(rows.length * size);
    for (let from = 0; from < rows.length; from += this.maxBatch) {
      const batch = rows.slice(from, from + this.maxBatch);
      const outputs = yield {
        graph: ACTIVATIONS,
        inputs: { ...this.variableOf(batch, variables), ...this.bounds, ...shifts },
      };
      activations.set(outputOf(outputs, 'activations').data, from * size);
    }
    return similarity(activations, rows.length, options.count, options.diversity.weight);
  }

  private pullOf({ pull }: Similarity, from: number, count: number): ArrayTensor {
    const shape = this.setup.activationShape ?? [];
    const size = sizeOf(shape);
    return arrayTensor([count, ...shape], pull.slice(from * size, (from + count) * size));
  }

  private variableOf(batch: readonly number[], variables: Float32Array): NamedTensors {
    const { variableShape } = this.setup;
    const size = sizeOf(variableShape);
    const data = new Float32Array(batch.length * size);
    batch.forEach((row, i) => {
      data.set(variables.subarray(row * size, (row + 1) * size), i * size);
    });
    return { [INPUTS.variable]: arrayTensor([batch.length, ...variableShape], data) };
  }

  private fixedInputs(batch: readonly number[]): NamedTensors {
    const { targets, options, structure, unitShape, variableShape } = this.setup;
    const stacked = (shape: Shape, of: (row: number) => Float32Array) => stack(batch, shape, of);
    const inputs: Record<string, ArrayTensor> = {
      [INPUTS.target]: stacked(
        unitShape,
        (row) => targets[Math.floor(row / options.count)]?.weights ?? new Float32Array(),
      ),
    };
    for (const term of structure.weighted) {
      const weight = Float32Array.of(Math.abs(weightOf(options, term)));
      inputs[weightInput(term)] = stacked([1], () => weight);
      if (term === 'l2') inputs[INPUTS.reference] = stacked(variableShape, (row) => this.referenceOf(row));
    }
    return inputs;
  }

  /** x₀: the picture that the search starts from, or zero where it starts from nothing; zero for a code. */
  private referenceOf(row: number): Float32Array {
    const { startOf, options, structure, variableShape } = this.setup;
    const still = structure.generator || options.init === 'noise' || options.init === 'zero' || startOf === null;
    return still ? new Float32Array(sizeOf(variableShape)) : startOf(Math.floor(row / options.count));
  }

  private shiftInputs([down, right]: Offset): NamedTensors {
    const { structure, imageShape } = this.setup;
    const { reach } = structure;
    if (reach === 0) return {};
    const [channels = 0] = imageShape;
    const side = 2 * reach + 1;
    const kernel = (shift: number, shape: Shape) => {
      const data = new Float32Array(channels * side);
      for (let channel = 0; channel < channels; channel += 1) data[channel * side + reach - shift] = 1;
      return arrayTensor(shape, data);
    };
    return {
      [INPUTS.shiftDown]: kernel(down, [channels, 1, side, 1]),
      [INPUTS.shiftRight]: kernel(right, [channels, 1, 1, side]),
    };
  }
}

/** The bounds of the picture, where a generator's graph clips to them. */
export function boundInputs({ structure, pictureBounds, imageShape }: RunSetup): NamedTensors {
  if (!structure.generator || pictureBounds === null) return {};
  return {
    [INPUTS.low]: arrayTensor([1, ...imageShape], pictureBounds.low),
    [INPUTS.high]: arrayTensor([1, ...imageShape], pictureBounds.high),
  };
}

/** One value per row of a batch, as a tensor. */
export function stack(batch: readonly number[], shape: Shape, of: (row: number) => Float32Array): ArrayTensor {
  const size = sizeOf(shape);
  const data = new Float32Array(batch.length * size);
  batch.forEach((row, i) => {
    data.set(of(row), i * size);
  });
  return arrayTensor([batch.length, ...shape], data);
}

function rowValues({ shape, data }: ArrayTensor, row: number): Float32Array {
  const size = sizeOf(shape.slice(1));
  return data.subarray(row * size, (row + 1) * size);
}
