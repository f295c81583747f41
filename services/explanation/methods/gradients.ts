import type { Network } from '../../../models/network.ts';
import type { Graph, Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { explainedNetwork, openFrame, relevanceShape, routeOf, subjectKey } from '../frame.ts';
import { isHomogeneous } from '../layers/activations.ts';
import { type BackwardStep, backwardPass } from '../layers/backward.ts';
import { gradientStep } from '../layers/gradient.ts';
import { type ConservationKind, EXPLAIN, type Plan, runOnce, type Subject } from '../plan.ts';
import type { Method } from './method.ts';

/** What becomes of a derivative at one layer on its way back. */
type Step = (g: GraphBuilder, step: BackwardStep) => readonly Value[];
/** The relevance, from the value where it is wanted and the derivative there. */
type Reading = (g: GraphBuilder, x: Value, derivative: Value) => Value;

const derivativeItself: Reading = (_g, _x, derivative) => derivative;

export const NO_DECOMPOSITION: ConservationKind = {
  kind: 'none',
  note: 'the method does not distribute the score: its values need not add up to it',
};

/** ∂f/∂x_i (Simonyan et al. 2013, signed). */
export const gradient: Method<'gradient'> = {
  plan: (subject) => planDerivative(subject, 'gradient', gradientStep, derivativeItself),
};

/** (∂f/∂x_i)²; the sum over i is ‖∇f‖² (Gevrey et al. 2003; Simonyan et al. 2013). */
export const sensitivity: Method<'sensitivity'> = {
  plan: (subject) => planDerivative(subject, 'sensitivity', gradientStep, (g, _x, derivative) => g.square(derivative)),
};

/** x_i ∂f/∂x_i: adds up to f where f(t x) = t f(x) (Shrikumar et al. 2016). */
export const gradientTimesInput: Method<'gradient-times-input'> = {
  plan: (subject) => planGradientTimesInput(subject),
};

/** The gradient with R⁺ and the forward gate at every ReLU (Springenberg et al. 2015). */
export const guidedBackprop: Method<'guided-backprop'> = {
  plan: (subject) => planDerivative(subject, 'guided-backprop', atRelu(guided), derivativeItself),
};

/** The gradient with R⁺ in place of the forward gate at every ReLU (Zeiler and Fergus 2014). */
export const deconvnet: Method<'deconvnet'> = {
  plan: (subject) =>
    planDerivative(
      subject,
      'deconvnet',
      atRelu((g, { arriving }) => g.relu(arriving)),
      derivativeItself,
    ),
};

/** Gradient × input, which is also the Taylor decomposition at the root x̃ = 0 in the limit of the tutorial. */
export function planGradientTimesInput(subject: Subject): Plan {
  const plan = planDerivative(subject, 'gradient-times-input', gradientStep, (g, x, derivative) =>
    g.mul(x, derivative),
  );
  return { ...plan, conservation: homogeneity(subject) };
}

/** The graph whose `relevance` is the plain derivative: what drivers with several runs evaluate. */
export function derivativeGraph(subject: Subject): Graph {
  return buildGraph(subject, gradientStep, derivativeItself);
}

function planDerivative(subject: Subject, name: string, step: Step, reading: Reading): Plan {
  return {
    key: `${name} ${subjectKey(subject)}`,
    settings: '',
    options: {},
    parameters: [],
    relevanceShape: relevanceShape(subject),
    conservation: NO_DECOMPOSITION,
    requiredBox: null,
    rowsPerItem: 1,
    graphs: () => ({ [EXPLAIN]: buildGraph(subject, step, reading) }),
    driver: runOnce,
  };
}

function buildGraph(subject: Subject, step: Step, reading: Reading): Graph {
  const { g, forward, target, resolved, scores, explained } = openFrame(subject);
  const route = routeOf(subject);
  const { atEnd } = backwardPass(g, forward, route, target, (at) => step(g, at));
  const x = forward.at(route.to);
  const relevance = reading(g, x, atEnd ?? g.mul(x, g.scalar(0)));
  return g.build({ relevance, scores, explained, resolved });
}

/** Another step at ReLUs, the chain rule everywhere else. */
function atRelu(step: (g: GraphBuilder, step: BackwardStep) => Value): Step {
  return (g, at) => {
    const { layer } = at;
    return layer.type === 'activation' && layer.function.name === 'relu' ? [step(g, at)] : gradientStep(g, at);
  };
}

function guided(g: GraphBuilder, { inputs, arriving }: BackwardStep): Value {
  const [x] = inputs;
  return x === undefined ? arriving : g.where(g.greater(x, g.scalar(0)), g.relu(arriving), g.scalar(0));
}

/** x·∂f/∂x adds up to f on networks that are linear piece by piece, without biases between x and f. */
function homogeneity(subject: Subject): ConservationKind {
  const network = explainedNetwork(subject);
  const obstacle = network.layers.slice((subject.layer ?? -1) + 1, network.output + 1).find(isObstacle);
  if (obstacle === undefined) return { kind: 'score' };
  const why = 'bias' in obstacle ? 'has a bias' : 'is not homogeneous';
  return { kind: 'none', note: `adds up to the score only without biases: layer ${obstacle.name} ${why}` };
}

function isObstacle(layer: Network['layers'][number]): boolean {
  return (
    layer.type === 'affine' ||
    layer.type === 'lrn' ||
    ('bias' in layer && layer.bias !== null) ||
    (layer.type === 'activation' && !isHomogeneous(layer.function))
  );
}
