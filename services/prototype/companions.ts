import { layerAt, type Network } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { boundsOf } from './bounds.ts';
import { fitOf } from './graphs/generated.ts';
import type { PrototypeSubject } from './subject.ts';

/** How far, as a share of their width, the boxes of a model and its expert may differ. */
const TOLERANCE = 1e-6;

/**
 * Checks that a model's companions fit it.
 * @throws ElucidError `model-failed` that names the manifest's field, what was found and what is needed
 */
export function checkCompanions(subject: PrototypeSubject): void {
  checkMeans(subject);
  checkDensity(subject);
  checkGenerator(subject);
  checkRange(subject);
}

function checkMeans({ name, network, classMeans }: PrototypeSubject): void {
  const size = sizeOf(network.inputShape);
  if (classMeans === null || (classMeans.length > 0 && classMeans.length % size === 0)) return;
  throw failed(name, 'classMeans', `holds ${classMeans.length} values, not a multiple of the input's ${size}`);
}

function checkDensity({ name, network, box, density }: PrototypeSubject): void {
  if (density === null) return;
  const { inputShape } = density.network;
  if (!isRawOutput(density.network) || sizeOf(layerAt(density.network, density.network.output).shape) !== 1) {
    const found = describeOutput(density.network);
    throw failed(name, 'density', `${density.name} must give one real number, log p(x); its output is ${found}`);
  }
  const flat = [sizeOf(network.inputShape)];
  if (!same(inputShape, network.inputShape) && !same(inputShape, flat)) {
    const wanted = `[${network.inputShape.join(', ')}] or [${flat.join()}]`;
    throw failed(name, 'density', `${density.name} takes inputs [${inputShape.join(', ')}], not ${wanted}`);
  }
  if (box === null || density.box === null) return;
  const [own, other] = [boundsOf(box, flat[0] ?? 0), boundsOf(density.box, flat[0] ?? 0)];
  const at = own.low.findIndex((low, i) => {
    const high = own.high[i] ?? 0;
    const slack = TOLERANCE * (high - low);
    return Math.abs(low - (other.low[i] ?? 0)) > slack || Math.abs(high - (other.high[i] ?? 0)) > slack;
  });
  if (at < 0) return;
  throw failed(
    name,
    'density',
    `${density.name} knows values from ${other.low[at]} to ${other.high[at]} at element ${at}, the model has ` +
      `${own.low[at]} to ${own.high[at]}; both must see the same preprocessing`,
  );
}

function checkGenerator({ name, network, generator }: PrototypeSubject): void {
  if (generator === null) return;
  if (!isRawOutput(generator.network)) {
    const found = describeOutput(generator.network);
    throw failed(name, 'generator', `the output of ${generator.name} is ${found}; a generator is a regression`);
  }
  if (fitOf(generator.network, network.inputShape) !== null) return;
  const { shape } = layerAt(generator.network, generator.network.output);
  throw failed(
    name,
    'generator',
    `${generator.name} gives [${shape.join(', ')}]; allowed is [${network.inputShape.join(', ')}], the same flat, or a ` +
      'larger picture of as many channels, whose centre is taken',
  );
}

function checkRange({ name, generator, codeRange }: PrototypeSubject): void {
  if (codeRange === null || generator === null) return;
  const size = sizeOf(generator.network.inputShape);
  if (codeRange.length !== 2 * size) {
    const wanted = `pairs of lowest and highest for the ${size} units of the code of ${generator.name}`;
    throw failed(name, 'codeRange', `holds ${codeRange.length} values, not ${wanted}`);
  }
  const at = Array.from({ length: size }, (_, i) => i).find(
    (i) => !((codeRange[2 * i] ?? 0) <= (codeRange[2 * i + 1] ?? 0)),
  );
  if (at === undefined) return;
  throw failed(name, 'codeRange', `unit ${at} has the range ${codeRange[2 * at]} to ${codeRange[2 * at + 1]}`);
}

function isRawOutput({ outputFunction }: Network): boolean {
  return outputFunction === 'none';
}

function describeOutput(network: Network): string {
  const shape = `[${layerAt(network, network.output).shape.join(', ')}]`;
  return network.outputFunction === 'none' ? shape : `a ${network.outputFunction} of ${shape}`;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.join() === b.join();
}

function failed(name: string, field: string, detail: string): ElucidError {
  return new ElucidError('model-failed', `companions.${field} of ${name}: ${detail}`);
}
