import { layerAt, type Network } from '../../models/network.ts';
import { faultAt } from '../../schemas/errors.ts';
import type { Target } from '../../schemas/target.ts';
import { unitRow } from '../explanation/target.ts';
import type { ExplainedTarget } from './explanation.ts';
import type { Outputs } from './outputs.ts';

/** Most candidates that a message lists. */
const SHOWN = 10;
const SHOWN_LAYERS = 40;

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
  const index = typeof target === 'number' ? checkIndex(target, outputs, '/target') : find(target, outputs, '/target');
  const described = { index, label: outputs.labels?.[index] ?? null, weights: null, unit: null };
  return { row: outputs.rowOf(index), unit: null, describe: () => described };
}

function resolveUnit(unit: Extract<Target, { channel: number }>, network: Network): ResolvedTarget {
  const index = layerIndex(unit.layer, network, '/target/layer');
  const { shape, name } = layerAt(network, index);
  const [channels = 0, height = 1, width = 1] = shape;
  const { channel, position } = unit;
  if (channel >= channels) {
    const detail = `target.channel of layer ${name} must be from 0 to ${channels - 1}; received ${channel}`;
    throw faultAt('invalid', '/target/channel', detail);
  }
  if (position !== undefined && (shape.length !== 3 || position[0] >= height || position[1] >= width)) {
    const allowed = shape.length === 3 ? `up to [${height - 1}, ${width - 1}]` : 'none, as the layer holds a vector';
    const detail = `target.position in layer ${name} must be ${allowed}; received [${position.join(', ')}]`;
    throw faultAt('invalid', '/target/position', detail);
  }
  const described = { layer: name, channel, position: position ?? null };
  return {
    row: unitRow(shape, [channel, ...(position ?? [])]),
    unit: index,
    describe: () => ({ index: null, label: null, weights: null, unit: described }),
  };
}

/** Index of a layer by its name. @throws ElucidError `invalid` that names the layers there are */
export function layerIndex(name: string, { layers, output }: Network, pointer: string): number {
  const known = layers.slice(0, output + 1);
  const index = known.findIndex((layer) => layer.name === name);
  if (index >= 0) return index;
  const names = known.map((layer) => layer.name);
  const more = names.length > SHOWN_LAYERS ? `, and ${names.length - SHOWN_LAYERS} more` : '';
  throw faultAt(
    'invalid',
    pointer,
    `layer ${JSON.stringify(name)} is unknown; allowed: ${names.slice(0, SHOWN_LAYERS).join(', ')}${more}`,
  );
}

function weightedTarget(weights: Readonly<Record<string, number>>, outputs: Outputs): ResolvedTarget {
  const byIndex = new Map<number, number>();
  for (const [name, weight] of Object.entries(weights)) {
    const pointer = `/target/weights/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const index = find(name, outputs, pointer);
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

function checkIndex(index: number, { count }: Outputs, pointer: string): number {
  if (index < count) return index;
  throw faultAt('invalid', pointer, `target must be an output from 0 to ${count - 1}; received ${index}`);
}

/** An output by the whole label, by one of its synonyms, or by its index in digits. */
function find(name: string, outputs: Outputs, pointer: string): number {
  const labels = outputs.labels ?? [];
  const wanted = folded(name);
  const whole = indicesWhere(labels, (label) => folded(label) === wanted);
  const matches = whole.length > 0 ? whole : indicesWhere(labels, (label) => synonyms(label).includes(wanted));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (matches.length > 1) {
    const candidates = matches.slice(0, SHOWN).map((index) => `${index} (${labels[index]})`);
    const more = matches.length > SHOWN ? `, and ${matches.length - SHOWN} more` : '';
    throw faultAt('invalid', pointer, `target ${JSON.stringify(name)} is ambiguous: ${candidates.join(', ')}${more}`);
  }
  if (/^\d{1,7}$/.test(name)) return checkIndex(Number(name), outputs, pointer);
  throw faultAt('invalid', pointer, `target ${JSON.stringify(name)} is unknown; ${allowed(outputs)}`);
}

function allowed({ labels, count }: Outputs): string {
  const indices = `an index from 0 to ${count - 1}`;
  if (labels === null) return `allowed: "predicted" or ${indices}`;
  const shown = labels.slice(0, SHOWN).map((label) => JSON.stringify(label));
  const more = labels.length > SHOWN ? `, and ${labels.length - SHOWN} more` : '';
  return `allowed: "predicted", ${indices}, or a label: ${shown.join(', ')}${more}`;
}

function indicesWhere(labels: readonly string[], holds: (label: string) => boolean): readonly number[] {
  return labels.flatMap((label, index) => (holds(label) ? [index] : []));
}

/** Without a synset id, in lower case. */
function folded(label: string): string {
  return label
    .replace(/^n\d{8}\s+/, '')
    .trim()
    .toLowerCase();
}

function synonyms(label: string): readonly string[] {
  return folded(label)
    .split(',')
    .map((synonym) => synonym.trim());
}
