import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import type { NamedTensors } from '../../services/engine/engine.ts';
import { BATCH, type Graph } from '../../services/engine/graph.ts';
import { GraphBuilder } from '../../services/engine/graphBuilder.ts';
import type { Case } from './cases/case.ts';
import { type Distribution, randomValues, seededRandom } from './random.ts';
import type { ReferenceArray } from './referenceArray.ts';

/** Which operands of a case are given at every run, and which are constants. */
export type Variant = 'inputs' | 'constant operands' | 'only constants';
export const variants: readonly Variant[] = ['inputs', 'constant operands', 'only constants'];

export interface CaseGraph {
  readonly graph: Graph;
  /** Inputs for a batch of this size. */
  readonly inputs: (batch: number) => NamedTensors;
}

/** Items in the batch of a graph that has no inputs. */
const CONSTANT_BATCH = 2;

/** Builds a case's graph with one output `y`; `constant operands` leaves only the first operand an input. */
export function buildCase({ build }: Case, variant: Variant, seed = 1): CaseGraph {
  const builder = new GraphBuilder();
  const random = seededRandom(seed);
  const draw = (shape: Shape, distribution: Distribution) =>
    arrayTensor(shape, randomValues(sizeOf(shape), distribution, random));
  const declared = new Map<string, { shape: Shape; distribution: Distribution }>();
  const batch = variant === 'only constants' ? CONSTANT_BATCH : BATCH;
  const next = (shape: Shape, distribution: Distribution = 'signed') => {
    const varies = variant === 'inputs' || shape[0] === BATCH || (variant !== 'only constants' && declared.size === 0);
    if (!varies) return builder.constant(draw(shape, distribution));
    const label = `x${declared.size}`;
    declared.set(label, { shape, distribution });
    return builder.input(label, shape);
  };
  const graph = builder.build({ y: build(builder, { batch, next }) });
  return { graph, inputs: (size) => drawInputs(declared, size, draw) };
}

function drawInputs(
  declared: ReadonlyMap<string, { shape: Shape; distribution: Distribution }>,
  batch: number,
  draw: (shape: Shape, distribution: Distribution) => ArrayTensor,
): NamedTensors {
  return Object.fromEntries(
    [...declared].map(([label, { shape, distribution }]) => [
      label,
      draw(
        shape.map((size) => (size === BATCH ? batch : size)),
        distribution,
      ),
    ]),
  );
}

/** max|a − b| / max|b|, or max|a − b| where b is all 0; infinite when shapes differ or a value is not a number. */
export function relativeError(result: ArrayTensor | undefined, expected: ReferenceArray): number {
  if (result === undefined || result.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  let [largest, difference] = [0, 0];
  for (const [i, value] of expected.data.entries()) {
    const distance = Math.abs((result.data[i] ?? Number.NaN) - value);
    if (Number.isNaN(distance)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, distance);
  }
  return largest === 0 ? difference : difference / largest;
}
