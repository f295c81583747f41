import { isLinear } from '../../../models/network.ts';
import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { perChannel, slope } from './activations.ts';
import type { BackwardStep } from './backward.ts';
import { scaled } from './forward.ts';
import { averageMap, linearMap } from './linearMap.ts';
import { normaliseBackward } from './lrn.ts';
import { isRouting, routeBack } from './routing.ts';

/** The chain rule for one layer: ∂f/∂output → ∂f/∂input, for every input. */
export function gradientStep(g: GraphBuilder, { layer, inputs, output, arriving }: BackwardStep): readonly Value[] {
  const [x] = inputs;
  if (x === undefined) throw new RangeError(`layer ${layer.name} has no input`);
  const inputShape = x.shape.slice(1);
  if (isLinear(layer)) return [linearMap(g, layer, g.constant(layer.weight), inputShape).transpose(arriving)];
  if (isRouting(layer)) return routeBack(g, layer, inputs, arriving);
  switch (layer.type) {
    case 'affine':
      return [g.mul(arriving, perChannel(g, g.constant(layer.scale), x))];
    case 'activation':
      if (layer.function.name === 'relu') return [g.where(g.greater(x, g.scalar(0)), arriving, g.scalar(0))];
      return [g.mul(arriving, slope(g, layer.function, x, output))];
    case 'maxPool2d':
      return [g.maxPool2dBackward(x, arriving, layer)];
    case 'avgPool2d':
      return [averageMap(g, layer, inputShape).transpose(arriving)];
    case 'lrn':
      return [normaliseBackward(g, layer, x, arriving)];
    case 'add':
      return inputs.map((_, i) => scaled(g, arriving, layer.coefficients?.[i] ?? 1));
    default:
      return layer satisfies never;
  }
}
