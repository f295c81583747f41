import { layerAt, NETWORK_INPUT, shapeAt } from '../../../models/network.ts';
import { type Shape, sizeOf } from '../../../models/tensors/tensor.ts';
import { BATCH, type Graph, type Value } from '../../engine/graph.ts';
import { GraphBuilder } from '../../engine/graphBuilder.ts';
import { backwardPass } from '../../explanation/layers/backward.ts';
import { forwardPass } from '../../explanation/layers/forward.ts';
import { gradientStep } from '../../explanation/layers/gradient.ts';
import type { PrototypeSubject } from '../subject.ts';
import { generated, type Picture } from './generated.ts';
import { INPUTS, type WeightedTerm, weightInput } from './labels.ts';
import { logProbability, type Term } from './likelihood.ts';
import { spreadRows, sumOfItem } from './reductions.ts';
import { squaredDistance, totalVariation } from './regularisers.ts';
import { type Shift, shiftBy } from './shift.ts';

/** What of an objective is structure: equal structures of one subject give equal graphs. */
export interface ObjectiveStructure {
  /** What is maximised: log p(c|x), or Σ t·units, or its opposite. */
  readonly base: 'log-probability' | 'value' | '-value';
  /** Index of the layer of a hidden unit; null for an output. */
  readonly unit: number | null;
  /** Whether the variable is a code. */
  readonly generator: boolean;
  /** Whether the derivative by the picture is divided by its mean absolute value before it goes back to the code. */
  readonly normalised: boolean;
  readonly weighted: readonly WeightedTerm[];
  /** Largest shift of what the network sees; 0 for none. */
  readonly reach: number;
  /** Layer (or input) at which the diversity term pulls; null without one. */
  readonly diversity: number | null;
}

/** Columns of the output `terms`: the value of the target, log p(c|x) where there is one, and the weighted terms. */
export function termColumns({ network }: PrototypeSubject, { unit, weighted }: ObjectiveStructure): readonly string[] {
  const likely = unit === null && network.outputFunction !== 'none' ? ['log_probability'] : [];
  return ['value', ...likely, ...weighted];
}

/** Shape of the variable, without the batch. */
export function variableShape(
  { network, generator }: PrototypeSubject,
  { generator: coded }: ObjectiveStructure,
): Shape {
  return coded && generator !== null ? generator.network.inputShape : network.inputShape;
}

/**
 * Terms of the objective, [N, columns], and its derivative by the variable:
 * J = base + w·log p(x) − λ‖v − v₀‖² − τ·TV(x) + ⟨pull, activations⟩, with x = v or x = g(v).
 * Outputs `terms`, `gradient`, and with a generator `image`.
 */
export function objectiveGraph(subject: PrototypeSubject, structure: ObjectiveStructure): Graph {
  const g = new GraphBuilder();
  const { network } = subject;
  const variable = g.input(INPUTS.variable, [BATCH, ...variableShape(subject, structure)]);
  const picture = pictureOf(g, subject, structure, variable);
  const { image } = picture;
  const classifier = classify(g, subject, structure, image);
  const terms: Value[] = [...classifier.values];
  let arriving = classifier.derivative;
  let own: Value | null = null;
  for (const name of structure.weighted) {
    const { value, derivative } = weightedTerm(g, subject, name, image, variable);
    terms.push(value);
    if (name === 'l2') own = derivative;
    else arriving = g.add(arriving, derivative);
  }
  if (structure.normalised) arriving = byMeanSize(g, arriving, sizeOf(network.inputShape));
  const back = picture.back(arriving);
  const outputs = { terms: g.concat(terms, 1), gradient: own === null ? back : g.add(back, own) };
  return g.build(structure.generator ? { ...outputs, image } : outputs);
}

/** Activations at the layer of the diversity term, [N, ...its shape], as output `activations`. */
export function activationGraph(subject: PrototypeSubject, structure: ObjectiveStructure): Graph {
  const g = new GraphBuilder();
  const variable = g.input(INPUTS.variable, [BATCH, ...variableShape(subject, structure)]);
  const { image } = pictureOf(g, subject, structure, variable);
  const seen = shiftOf(g, subject, structure)?.apply(image) ?? image;
  const layer = structure.diversity ?? NETWORK_INPUT;
  const forward = forwardPass(g, { ...subject.network, output: layer }, seen);
  return g.build({ activations: forward.at(layer) });
}

/** The distance of g(z) from a wanted picture, [N, 1], as `distance`, and the derivative of −distance as `gradient`. */
export function codeGraph(subject: PrototypeSubject, structure: ObjectiveStructure): Graph {
  const g = new GraphBuilder();
  const { inputShape } = subject.network;
  const variable = g.input(INPUTS.variable, [BATCH, ...variableShape(subject, structure)]);
  const picture = pictureOf(g, subject, structure, variable);
  const { value, derivative } = squaredDistance(g, picture.image, g.input(INPUTS.wanted, [BATCH, ...inputShape]));
  return g.build({ distance: value, gradient: picture.back(g.neg(derivative)) });
}

function pictureOf(
  g: GraphBuilder,
  { network, generator, box }: PrototypeSubject,
  structure: ObjectiveStructure,
  variable: Value,
): Picture {
  if (!structure.generator || generator === null) return { image: variable, back: (arriving) => arriving };
  return generated(g, generator.network, network.inputShape, variable, box !== null);
}

function shiftOf(g: GraphBuilder, { network }: PrototypeSubject, { reach }: ObjectiveStructure): Shift | null {
  return reach === 0 ? null : shiftBy(g, network.inputShape, reach);
}

interface Classified {
  readonly values: readonly Value[];
  /** By the picture. */
  readonly derivative: Value;
}

/** The value of the target and log p(c|x), and the derivative of what is maximised. */
function classify(g: GraphBuilder, subject: PrototypeSubject, structure: ObjectiveStructure, image: Value): Classified {
  const { network } = subject;
  const shift = shiftOf(g, subject, structure);
  const forward = forwardPass(g, network, shift?.apply(image) ?? image);
  const layer = structure.unit ?? network.output;
  const units = forward.at(layer);
  const target = g.input(INPUTS.target, [BATCH, ...layerAt(network, layer).shape]);
  const value = sumOfItem(g, g.mul(target, units));
  const likelihood = structure.unit === null ? likelihoodOf(g, subject, units, target) : null;
  const start = startOf(g, structure.base, target, likelihood);
  const derive = (from: number, begin: Value) =>
    backwardPass(g, forward, { from, to: NETWORK_INPUT }, begin, (step) => gradientStep(g, step)).atEnd ??
    g.sub(image, image);
  let derivative = derive(layer, start);
  if (structure.diversity !== null) {
    const pull = g.input(INPUTS.pull, [BATCH, ...shapeAt(network, structure.diversity)]);
    derivative = g.add(derivative, structure.diversity === NETWORK_INPUT ? pull : derive(structure.diversity, pull));
  }
  const values = likelihood === null ? [value] : [value, likelihood.value];
  return { values, derivative: shift?.transpose(derivative) ?? derivative };
}

function likelihoodOf(g: GraphBuilder, { network }: PrototypeSubject, scores: Value, target: Value): Term | null {
  const { outputFunction } = network;
  return outputFunction === 'none' ? null : logProbability(g, outputFunction, scores, target);
}

function startOf(g: GraphBuilder, base: ObjectiveStructure['base'], target: Value, likelihood: Term | null): Value {
  if (base === 'value') return target;
  if (base === '-value') return g.neg(target);
  if (likelihood === null) throw new RangeError('only an output of a classification has a probability');
  return likelihood.derivative;
}

/** A term, and the derivative of what it adds to the objective: weight · log p(x), −weight · regulariser. */
function weightedTerm(
  g: GraphBuilder,
  subject: PrototypeSubject,
  name: WeightedTerm,
  image: Value,
  variable: Value,
): Term {
  const weight = g.input(weightInput(name), [BATCH, 1]);
  const subtracted = ({ value, derivative }: Term): Term => {
    const factor = spreadRows(g, g.neg(weight), derivative.shape.length);
    return { value, derivative: g.mul(factor, derivative) };
  };
  switch (name) {
    case 'l2':
      return subtracted(squaredDistance(g, variable, g.input(INPUTS.reference, variable.shape)));
    case 'total_variation':
      return subtracted(totalVariation(g, image));
    case 'log_density':
      return logDensity(g, subject, image, weight);
    default:
      return name satisfies never;
  }
}

/** log p(x) of the expert, and weight · its derivative by the picture. */
function logDensity(g: GraphBuilder, { density }: PrototypeSubject, image: Value, weight: Value): Term {
  if (density === null) throw new RangeError('the subject has no density');
  const { network } = density;
  const forward = forwardPass(g, network, g.reshape(image, [BATCH, ...network.inputShape]));
  const route = { from: network.output, to: NETWORK_INPUT };
  const { atEnd } = backwardPass(g, forward, route, weight, (step) => gradientStep(g, step));
  const derivative = atEnd === null ? g.sub(image, image) : g.reshape(atEnd, image.shape);
  return { value: forward.at(network.output), derivative };
}

/** r / (Σ|r| / n) per row; 0 where r is. */
function byMeanSize(g: GraphBuilder, r: Value, size: number): Value {
  const mean = g.div(sumOfItem(g, g.abs(r)), g.scalar(size));
  const divisor = g.where(g.greater(mean, g.scalar(0)), mean, g.scalar(1));
  return g.div(r, spreadRows(g, divisor, r.shape.length));
}
