import type { Network } from '../../../models/network.ts';
import { BATCH, type Value } from '../../engine/graph.ts';
import { GraphBuilder } from '../../engine/graphBuilder.ts';
import { isHomogeneous } from '../layers/activations.ts';
import { backwardPass } from '../layers/backward.ts';
import { forwardPass } from '../layers/forward.ts';
import { gradientStep } from '../layers/gradient.ts';
import { type ConservationKind, EXPLAIN, type Plan, runOnce, type Subject } from '../plan.ts';
import { effectiveTarget, INPUT } from '../target.ts';
import type { Method } from './method.ts';

const NO_DECOMPOSITION: ConservationKind = {
  kind: 'none',
  note: 'the method does not distribute the score: its values need not add up to it',
};

/** ∂f/∂x_i (Simonyan et al. 2013, signed). */
export const gradient: Method<'gradient'> = {
  plan: (subject) => planGradient(subject, 'gradient', NO_DECOMPOSITION, (_g, _x, derivative) => derivative),
};

/** (∂f/∂x_i)²; the sum over i is ‖∇f‖² (Gevrey et al. 2003; Simonyan et al. 2013). */
export const sensitivity: Method<'sensitivity'> = {
  plan: (subject) =>
    planGradient(subject, 'sensitivity', NO_DECOMPOSITION, (g, _x, derivative) => g.square(derivative)),
};

/** x_i ∂f/∂x_i: adds up to f where f(t x) = t f(x) (Shrikumar et al. 2016). */
export const gradientTimesInput: Method<'gradient-times-input'> = {
  plan: (subject) =>
    planGradient(subject, 'gradient-times-input', conservationOf(subject.network), (g, x, derivative) =>
      g.mul(x, derivative),
    ),
};

function planGradient(
  subject: Subject,
  key: string,
  conservation: ConservationKind,
  relevanceOf: (g: GraphBuilder, x: Value, derivative: Value) => Value,
): Plan {
  return {
    key,
    options: {},
    parameters: [],
    conservation,
    requiredBox: null,
    graphs: () => {
      const { network } = subject;
      const g = new GraphBuilder();
      const input = g.input(INPUT, [BATCH, ...network.inputShape]);
      const forward = forwardPass(g, network, input);
      const scores = forward.at(network.output);
      const start = effectiveTarget(g, network, scores);
      const derivative = backwardPass(g, forward, start, (step) => gradientStep(g, step));
      const relevance = relevanceOf(g, input, derivative ?? g.mul(input, g.scalar(0)));
      return { [EXPLAIN]: g.build({ relevance, scores }) };
    },
    driver: runOnce,
  };
}

/** Gradient × input adds up to f on networks that are linear piece by piece, without biases. */
function conservationOf(network: Network): ConservationKind {
  const obstacle = network.layers.find(
    (layer) =>
      layer.type === 'affine' ||
      layer.type === 'lrn' ||
      ('bias' in layer && layer.bias !== null) ||
      (layer.type === 'activation' && !isHomogeneous(layer.function)),
  );
  if (obstacle === undefined) return { kind: 'score' };
  const why = 'bias' in obstacle ? 'has a bias' : 'is not homogeneous';
  return { kind: 'none', note: `adds up to the score only without biases: layer ${obstacle.name} ${why}` };
}
