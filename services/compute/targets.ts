import { layerAt, type Network } from '../../models/network.ts';
import { faultAt } from '../../schemas/errors.ts';
import type { Target } from '../../schemas/target.ts';
import { unitRow } from '../explanation/target.ts';
import { checkIndex, findOutput, type NamedOutputs, unitLayer } from '../explanation/targetNames.ts';
import type { ExplainedTarget } from './explanation.ts';
import type { Outputs } from './outputs.ts';

const WORDS = ['predicted'];

/** What a request wants to have explained, in terms of the network. */
export interface ResolvedTarget {
  /** The target's row, as graphs read it; all zeros for the predicted output. */
  readonly row: Float32Array;
  /** Index of the layer that holds the explained unit; null for outputs. */
  readonly unit: number | null;
  /** The explained target of an item, when the network's own scores are known. */
  describe(own: Float32Array): Omit<ExplainedTarget, 'score'>;
}

/** @throws ElucidError `invalid` at /target for an unknown or ambiguous output or unit, with the candidates */
export function resolveTarget(target: Target, outputs: Outputs, network: Network): ResolvedTarget {
  if (target === 'predicted') {
    return {
      row: outputs.rowOf(0).fill(0),
      unit: null,
      describe: (own) => {
        const { index, label } = outputs.prediction(own);
        return { index, label, weights: null, unit: null };
      },
    };
  }
  if (typeof target === 'object') {
    return 'weights' in target ? weightedTarget(target.weights, outputs) : resolveUnit(target, network);
  }
  const named = namedOutputs(outputs);
  const index =
    typeof target === 'number' ? checkIndex(target, named, '/target') : findOutput(target, named, '/target');
  const described = { index, label: outputs.labels?.[index] ?? null, weights: null, unit: null };
  return { row: outputs.rowOf(index), unit: null, describe: () => described };
}

function resolveUnit(unit: Extract<Target, { channel: number }>, network: Network): ResolvedTarget {
  const index = unitLayer(unit, network);
  const { shape, name } = layerAt(network, index);
  const { channel, position } = unit;
  const described = { layer: name, channel, position: position ?? null };
  return {
    row: unitRow(shape, [channel, ...(position ?? [])]),
    unit: index,
    describe: () => ({ index: null, label: null, weights: null, unit: described }),
  };
}

function weightedTarget(weights: Readonly<Record<string, number>>, outputs: Outputs): ResolvedTarget {
  const byIndex = new Map<number, number>();
  for (const [name, weight] of Object.entries(weights)) {
    const pointer = `/target/weights/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const index = findOutput(name, namedOutputs(outputs), pointer);
    if (byIndex.has(index)) throw faultAt('invalid', pointer, `target.weights names output ${index} twice`);
    byIndex.set(index, weight);
  }
  const row = outputs.rowOf(0).fill(0);
  for (const [index, weight] of byIndex)
    outputs.rowOf(index).forEach((own, k) => {
      row[k] = (row[k] ?? 0) + weight * own;
    });
  if (row.every((weight) => weight === 0)) {
    throw faultAt('invalid', '/target/weights', 'the weights cancel: nothing would be explained');
  }
  const described = { index: null, label: null, weights: Object.fromEntries(byIndex), unit: null };
  return { row, unit: null, describe: () => described };
}

function namedOutputs({ count, labels }: Outputs): NamedOutputs {
  return { count, labels, words: WORDS };
}
