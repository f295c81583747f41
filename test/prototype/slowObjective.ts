import type { Network } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import type { PrototypeSubject } from '../../services/prototype/subject.ts';
import { forward, scoresOf } from '../models/forward.ts';
import { at } from '../models/values.ts';

/** An objective, restated in float64 with plain loops. */
export interface SlowObjective {
  readonly base: 'log-probability' | 'value' | '-value';
  /** Weights of the outputs, or of the units of a layer. */
  readonly weights: ArrayLike<number>;
  readonly unit?: number;
  readonly l2?: number;
  readonly reference?: ArrayLike<number>;
  readonly totalVariation?: number;
  readonly density?: number;
  readonly generative?: boolean;
  /** Pixels down and to the right. */
  readonly shift?: readonly [number, number];
}

/** J(v) of one row. */
export function slowObjective(subject: PrototypeSubject, objective: SlowObjective, v: ArrayLike<number>): number {
  const { network, density } = subject;
  const image = objective.generative ? slowPicture(subject, v) : Float64Array.from(v);
  const seen = shifted(image, network.inputShape, objective.shift ?? [0, 0]);
  let total = baseOf(network, objective, seen);
  total -= (objective.l2 ?? 0) * squares(v, objective.reference);
  total -= (objective.totalVariation ?? 0) * variation(image, network.inputShape);
  if (objective.density !== undefined && density !== null) {
    total += objective.density * at(scoresOf(density.network, image), 0);
  }
  return total;
}

/** g(z), its centre, and that in the box. */
export function slowPicture({ network, generator, box }: PrototypeSubject, code: ArrayLike<number>): Float64Array {
  if (generator === null) throw new TypeError('there is no generator');
  const whole = scoresOf(generator.network, code);
  const [channels = 0, height = 0, width = 0] = network.inputShape;
  const side = Math.sqrt(whole.length / channels);
  const [top, left] = [Math.floor((side - height) / 2), Math.floor((side - width) / 2)];
  const picture = new Float64Array(sizeOf(network.inputShape));
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const value = at(whole, (c * side + y + top) * side + x + left);
        const inside = box === null ? value : Math.min(Math.max(value, Number(box.low)), Number(box.high));
        picture[(c * height + y) * width + x] = inside;
      }
    }
  }
  return picture;
}

function baseOf(network: Network, { base, weights, unit }: SlowObjective, x: ArrayLike<number>): number {
  const outputs = at(forward(network, x), unit ?? network.output).data;
  const value = outputs.reduce((sum, output, k) => sum + output * (weights[k] ?? 0), 0);
  if (base !== 'log-probability') return base === 'value' ? value : -value;
  if (network.outputFunction === 'sigmoid') return -Math.log1p(Math.exp(-value));
  return value - Math.log(outputs.reduce((sum, output) => sum + Math.exp(output), 0));
}

function squares(v: ArrayLike<number>, reference: ArrayLike<number> | undefined): number {
  return Array.from(v).reduce((sum, value, i) => sum + (value - (reference?.[i] ?? 0)) ** 2, 0);
}

function variation(image: Float64Array, shape: readonly number[]): number {
  const [channels = 0, height = 0, width = 0] = shape;
  let sum = 0;
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const here = (c * height + y) * width + x;
        if (x + 1 < width) sum += (at(image, here + 1) - at(image, here)) ** 2;
        if (y + 1 < height) sum += (at(image, here + width) - at(image, here)) ** 2;
      }
    }
  }
  return sum;
}

function shifted(
  image: Float64Array,
  shape: readonly number[],
  [down, right]: readonly [number, number],
): Float64Array {
  if (down === 0 && right === 0) return image;
  const [, height = 0, width = 0] = shape;
  return image.map((_, i) => {
    const [y, x] = [Math.floor(i / width) % height, i % width];
    const [fromY, fromX] = [y - down, x - right];
    if (fromY < 0 || fromX < 0 || fromY >= height || fromX >= width) return 0;
    return at(image, i - down * width - right);
  });
}
