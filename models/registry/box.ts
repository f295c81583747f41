import type { Manifest } from '../../schemas/manifest.ts';
import { preprocessingFaults } from '../preprocessing/faults.ts';
import { type Bound, type Box, boxOf } from '../preprocessing/pixels.ts';
import { type Shape, sizeOf } from '../tensors/tensor.ts';
import { ModelFault } from './files.ts';

/** How far, as a share of high − low, pixels may leave a box that was written with rounded numbers. */
const TOLERANCE = 1e-6;

/**
 * The box of a model's input: the manifest's, which must contain what pixels can become, or, for images without one,
 * exactly that. Null for a tensor without one.
 * @throws ModelFault
 */
export function inputBox(input: Manifest['input'], meanImage: Float32Array | null): Box | null {
  const stated = input.box === undefined ? null : { low: input.box[0], high: input.box[1] };
  if (stated !== null) checkBox(stated, input.shape);
  if (input.kind === 'tensor') return stated;
  const range = pixelRange(input, meanImage);
  if (stated !== null) checkContains(stated, range, input.shape);
  return stated ?? range;
}

function pixelRange(input: Extract<Manifest['input'], { kind: 'image' }>, meanImage: Float32Array | null): Box {
  const [fault] = preprocessingFaults(input.preprocessing, input.shape);
  if (fault !== undefined) throw new ModelFault(`input.preprocessing: ${fault}`);
  try {
    return boxOf(input.preprocessing, input.shape, meanImage ?? undefined);
  } catch (error) {
    throw error instanceof RangeError ? new ModelFault(`input.preprocessing: ${error.message}`) : error;
  }
}

function checkBox(box: Box, shape: Shape): void {
  const [channels = 0] = shape;
  for (const bound of [box.low, box.high]) {
    if (typeof bound !== 'number' && bound.length !== channels) {
      throw new ModelFault(
        `input.box has ${bound.length} entries for ${channels} channels; allowed: one number, or one per channel`,
      );
    }
  }
  for (let channel = 0; channel < channels; channel += 1) {
    const [low, high] = [box.low, box.high].map((bound) => (typeof bound === 'number' ? bound : (bound[channel] ?? 0)));
    if (low === undefined || high === undefined || !(low < high)) {
      throw new ModelFault(`input.box: the smallest value ${low} is not below the largest ${high}`);
    }
  }
}

function checkContains(box: Box, range: Box, shape: Shape): void {
  const size = sizeOf(shape);
  const [channels = 1] = shape;
  const cells = size / channels;
  for (let index = 0; index < size; index += 1) {
    const at = (bound: Bound) => boundAt(bound, index, cells, size);
    const slack = TOLERANCE * (at(box.high) - at(box.low));
    if (at(range.low) < at(box.low) - slack || at(range.high) > at(box.high) + slack) {
      throw new ModelFault(
        `input.box [${at(box.low)}, ${at(box.high)}] does not contain what pixels become, ` +
          `[${at(range.low)}, ${at(range.high)}] in channel ${Math.floor(index / cells)}`,
      );
    }
  }
}

/** A bound at one element of the input. */
function boundAt(bound: Bound, index: number, cells: number, size: number): number {
  if (typeof bound === 'number') return bound;
  return bound[bound.length === size ? index : Math.floor(index / cells)] ?? 0;
}
