import { sizeOf } from '../../models/tensors/tensor.ts';
import { outputOf, type Runs, rowOf } from '../explanation/drivers.ts';
import { meanWidth, project } from './bounds.ts';
import { CODE_SEARCH } from './defaults.ts';
import { INPUTS } from './graphs/labels.ts';
import { boundInputs, stack } from './objectiveRuns.ts';
import { adam } from './optimisers/adam.ts';
import { CODE, type RunSetup } from './setup.ts';

/**
 * Codes whose pictures are nearest to wanted ones: argmin_z ‖g(z) − x₀‖² by Adam, from zero. One for every target, or a
 * single one where all start from the same picture. Of all codes on the way the nearest is taken.
 */
export function* searchCodes(
  setup: RunSetup,
  startOf: (target: number) => Float32Array,
  maxBatch: number,
): Runs<readonly Float32Array[]> {
  const { options, targets } = setup;
  const count = options.init === 'class-mean' ? targets.length : 1;
  const codes: Float32Array[] = [];
  for (let from = 0; from < count; from += maxBatch) {
    const batch = Array.from({ length: Math.min(maxBatch, count - from) }, (_, i) => from + i);
    codes.push(...(yield* searchBatch(setup, batch, startOf)));
  }
  return codes;
}

function* searchBatch(
  setup: RunSetup,
  batch: readonly number[],
  startOf: (target: number) => Float32Array,
): Runs<readonly Float32Array[]> {
  const { variableShape, imageShape, bounds } = setup;
  const size = sizeOf(variableShape);
  const fixed = { [INPUTS.wanted]: stack(batch, imageShape, startOf), ...boundInputs(setup) };
  const optimiser = adam(batch.length, size, bounds);
  const codes = batch.map(() => new Float32Array(size));
  for (const code of codes) project(code, bounds);
  const best = codes.map((code) => ({ code, distance: Number.POSITIVE_INFINITY }));
  const { steps, rates } = CODE_SEARCH;
  const [first, last] = rates.map((rate) => rate * meanWidth(bounds));
  for (let step = 0; step < steps; step += 1) {
    const variable = stack(batch, variableShape, (target) => codes[target - (batch[0] ?? 0)] ?? new Float32Array());
    const outputs = yield { graph: CODE, inputs: { [INPUTS.variable]: variable, ...fixed } };
    const distances = outputOf(outputs, 'distance').data;
    const gradient = outputOf(outputs, 'gradient');
    const rate = (first ?? 0) + (((last ?? 0) - (first ?? 0)) * step) / steps;
    codes.forEach((code, i) => {
      const distance = distances[i] ?? Number.POSITIVE_INFINITY;
      if (distance < (best[i]?.distance ?? 0)) best[i] = { code: code.slice(), distance };
      optimiser.advance(i, code, -distance, rowOf(gradient, i), rate);
    });
  }
  return best.map(({ code }) => code);
}
