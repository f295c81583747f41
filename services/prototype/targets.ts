import { layerAt } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import type { PrototypeTarget } from '../../schemas/prototype.ts';
import { choicesOf } from '../explanation/outputChoices.ts';
import { checkIndex, findOutput, unitLayer } from '../explanation/targetNames.ts';
import type { PrototypeTargetInfo } from './plan.ts';
import type { PrototypeSubject } from './subject.ts';

/** One thing that prototypes are wanted of. */
export interface TargetRow {
  readonly info: PrototypeTargetInfo;
  /** Weights of the units of the layer, in its shape; their weighted sum is the target's value. */
  readonly weights: Float32Array;
}

export interface ResolvedTargets {
  readonly rows: readonly TargetRow[];
  /** Index of the layer of a hidden unit; null for outputs. */
  readonly unit: number | null;
}

/** @throws ElucidError `invalid` at /target for an unknown or ambiguous output or unit, with the candidates */
export function resolveTargets(target: PrototypeTarget, { network, labels }: PrototypeSubject): ResolvedTargets {
  if (typeof target === 'object') {
    const unit = unitLayer(target, network);
    const { layer, channel, position = null } = target;
    const info = { index: null, label: null, unit: { layer, channel, position } };
    return { rows: [{ info, weights: unitWeights(layerAt(network, unit).shape, channel, position) }], unit };
  }
  const { count, rowOf } = choicesOf(network, labels);
  const output = (index: number): TargetRow => ({
    info: { index, label: labels?.[index] ?? null, unit: null },
    weights: rowOf(index),
  });
  if (target === 'all') return { rows: Array.from({ length: count }, (_, index) => output(index)), unit: null };
  const named = { count, labels, words: ['all'] };
  const index =
    typeof target === 'number' ? checkIndex(target, named, '/target') : findOutput(target, named, '/target');
  return { rows: [output(index)], unit: null };
}

/** 1 at the position, or the mean over the channel. */
function unitWeights(
  shape: readonly number[],
  channel: number,
  position: readonly [number, number] | null,
): Float32Array {
  const weights = new Float32Array(sizeOf(shape));
  const cells = sizeOf(shape.slice(1));
  const start = channel * cells;
  if (position === null) weights.fill(1 / cells, start, start + cells);
  else weights[start + position[0] * (shape[2] ?? 1) + position[1]] = 1;
  return weights;
}
