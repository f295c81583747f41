import { sizeOf } from '../../models/tensors/tensor.ts';
import { ElucidError, faultAt } from '../../schemas/errors.ts';
import type { InitName } from '../../schemas/prototype.ts';
import type { ClientTensor } from '../../schemas/tensorInput.ts';
import type { Runs } from '../explanation/drivers.ts';
import { meanWidth, project } from './bounds.ts';
import { searchCodes } from './codeSearch.ts';
import { COPY_NOISE, INIT_NOISE, ZERO_NOISE } from './defaults.ts';
import { normals } from './random.ts';
import type { RunSetup } from './setup.ts';
import type { PrototypeSubject } from './subject.ts';
import type { TargetRow } from './targets.ts';

/** The picture from which the search of each target starts. @throws ElucidError `invalid`, `not-applicable` */
export function startPictures(
  init: InitName | { readonly tensor: ClientTensor },
  subject: PrototypeSubject,
  targets: readonly TargetRow[],
): (target: number) => Float32Array {
  const size = sizeOf(subject.network.inputShape);
  if (typeof init === 'object') {
    const picture = givenPicture(init.tensor, subject);
    return () => picture;
  }
  if (init === 'class-mean') return classMeans(subject, targets);
  const same = init === 'mean' ? meanPicture(subject) : new Float32Array(size);
  return () => same;
}

/**
 * The variables of all rows as the search begins. The first prototype of a target starts at its picture, or at the code
 * whose picture is nearest; the others, and with `noise` all, some normal noise away from there (from zero all do).
 */
export function* beginning(setup: RunSetup, maxBatch: number): Runs<Float32Array> {
  const { rows, options, variableShape, bounds, structure, targets, startOf } = setup;
  const size = sizeOf(variableShape);
  const variables = new Float32Array(rows * size);
  const width = meanWidth(bounds);
  const codes = structure.generator && startOf !== null ? yield* searchCodes(setup, startOf, maxBatch) : null;
  for (let row = 0; row < rows; row += 1) {
    const [target, copy] = [Math.floor(row / options.count), row % options.count];
    const own = variables.subarray(row * size, (row + 1) * size);
    if (codes !== null) own.set(codes[targets.length === codes.length ? target : 0] ?? []);
    else if (startOf !== null) own.set(startOf(target));
    const deviation = noiseOf(setup, copy) * width;
    const normal = normals(options.seed, 'noise', copy);
    if (deviation > 0) for (let i = 0; i < size; i += 1) own[i] = (own[i] as number) + deviation * normal();
    project(own, bounds);
  }
  return variables;
}

function noiseOf({ options, startOf }: RunSetup, copy: number): number {
  if (startOf === null) return 1;
  if (options.init === 'noise') return INIT_NOISE;
  if (copy > 0) return COPY_NOISE;
  return options.init === 'zero' ? ZERO_NOISE : 0;
}

function givenPicture({ shape, data }: ClientTensor, { network }: PrototypeSubject): Float32Array {
  const wanted = network.inputShape;
  const own = shape.length === wanted.length + 1 && shape[0] === 1 ? shape.slice(1) : shape;
  if (own.join() === wanted.join()) return data;
  const detail = `init.tensor must have the shape [${wanted.join(', ')}]; received [${shape.join(', ')}]`;
  throw faultAt('invalid', '/init/tensor/shape', detail);
}

/** The mean of the class means; zero where the model has none. */
function meanPicture({ network, classMeans: means }: PrototypeSubject): Float32Array {
  const size = sizeOf(network.inputShape);
  const sum = new Float64Array(size);
  if (means === null) return Float32Array.from(sum);
  const classes = means.length / size;
  for (const [i, value] of means.entries()) sum[i % size] = (sum[i % size] ?? 0) + value / classes;
  return Float32Array.from(sum);
}

function classMeans(
  { name, network, classMeans: means }: PrototypeSubject,
  targets: readonly TargetRow[],
): (target: number) => Float32Array {
  if (means === null) {
    const detail = `init class-mean needs the mean inputs of the classes: companions.classMeans of the manifest of ${name} names none; allowed: mean, zero, noise, an image, a tensor`;
    throw faultAt('not-applicable', '/init', detail);
  }
  const size = sizeOf(network.inputShape);
  return (target) => {
    const index = targets[target]?.info.index ?? null;
    if (index === null)
      throw faultAt('invalid', '/init', 'init class-mean needs an output as its target; received a hidden unit');
    const classes = means.length / size;
    if (index < classes) return means.subarray(index * size, (index + 1) * size);
    throw new ElucidError(
      'model-failed',
      `companions.classMeans of ${name} holds ${classes} classes; there is none for output ${index}`,
    );
  };
}
