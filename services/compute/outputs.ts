import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { choicesOf } from '../explanation/outputChoices.ts';
import type { Prediction, ScoredOutput } from './explanation.ts';

/** Most outputs that an answer lists. */
const TOP = 5;

/**
 * The outputs of a model as clients see them. A single sigmoid output with two labels counts as two: index 1 has the
 * score z, index 0 the score −z.
 */
export interface Outputs {
  readonly count: number;
  readonly labels: readonly string[] | null;
  /** Weights of the network's own outputs that make up output `index`. */
  rowOf(index: number): Float32Array;
  /** All scores as clients see them, from the network's own. */
  scores(own: Float32Array): Float32Array;
  prediction(own: Float32Array): Prediction;
  /** What the network gives in the end: the probabilities where its outputs are such, else the scores. */
  values(own: Float32Array): readonly number[];
}

export function outputsOfModel(model: RegisteredModel, network: Network): Outputs {
  const { labels } = model;
  const { count, binary, rowOf } = choicesOf(network, labels);
  const scores = (row: Float32Array) => (binary ? Float32Array.of(-(row[0] ?? 0), row[0] ?? 0) : row);
  return {
    count,
    labels,
    rowOf,
    scores,
    prediction: (row) => predict(scores(row), labels, network.outputFunction),
    values: (row) => probabilitiesOf(scores(row), network.outputFunction) ?? Array.from(scores(row)),
  };
}

function predict(
  scores: Float32Array,
  labels: readonly string[] | null,
  outputFunction: Network['outputFunction'],
): Prediction {
  const probabilities = probabilitiesOf(scores, outputFunction);
  const entry = (index: number): ScoredOutput => ({
    index,
    label: labels?.[index] ?? null,
    score: scores[index] ?? 0,
    probability: probabilities?.[index] ?? null,
  });
  const top = largest(scores).map(entry);
  return { ...(top[0] ?? entry(0)), top };
}

/** Indices of the largest scores, largest first; the first of equal ones. */
function largest(scores: Float32Array): readonly number[] {
  const best: number[] = [];
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index] ?? 0;
    const place = best.findIndex((other) => score > (scores[other] ?? 0));
    if (place >= 0) best.splice(place, 0, index);
    else if (best.length < TOP) best.push(index);
    if (best.length > TOP) best.pop();
  }
  return best;
}

/** Softmax or sigmoid of the scores in float64; null where the model has no such output. */
function probabilitiesOf(scores: Float32Array, outputFunction: Network['outputFunction']): readonly number[] | null {
  if (outputFunction === 'none') return null;
  // Plain loops: iterating over a typed array makes an object for every number.
  const count = scores.length;
  const probabilities = new Array<number>(count).fill(0);
  if (outputFunction === 'sigmoid') {
    for (let i = 0; i < count; i += 1) probabilities[i] = 1 / (1 + Math.exp(-(scores[i] ?? 0)));
    return probabilities;
  }
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i += 1) highest = Math.max(highest, scores[i] ?? 0);
  let sum = 0;
  for (let i = 0; i < count; i += 1) {
    const power = Math.exp((scores[i] ?? 0) - highest);
    probabilities[i] = power;
    sum += power;
  }
  for (let i = 0; i < count; i += 1) probabilities[i] = (probabilities[i] ?? 0) / sum;
  return probabilities;
}
