import { layerAt, type Network } from '../../models/network.ts';
import { faultAt } from '../../schemas/errors.ts';

/** Most candidates that a message lists. */
const SHOWN = 10;
const SHOWN_LAYERS = 40;

/** The outputs among which a request may choose. */
export interface NamedOutputs {
  readonly count: number;
  readonly labels: readonly string[] | null;
  /** Words that are no output but allowed as well, for messages. */
  readonly words: readonly string[];
}

/** A unit of a layer, as requests name it. */
export interface UnitName {
  readonly layer: string;
  readonly channel: number;
  readonly position?: readonly [number, number] | undefined;
}

/**
 * Index of the layer that holds a unit.
 * @throws ElucidError `invalid` below /target for an unknown layer, a channel or a position that it does not have
 */
export function unitLayer({ layer, channel, position }: UnitName, network: Network): number {
  const index = layerIndex(layer, network, '/target/layer');
  const { shape, name } = layerAt(network, index);
  const [channels = 0, height = 1, width = 1] = shape;
  if (channel >= channels) {
    const detail = `target.channel of layer ${name} must be from 0 to ${channels - 1}; received ${channel}`;
    throw faultAt('invalid', '/target/channel', detail);
  }
  if (position !== undefined && (shape.length !== 3 || position[0] >= height || position[1] >= width)) {
    const allowed = shape.length === 3 ? `up to [${height - 1}, ${width - 1}]` : 'none, as the layer holds a vector';
    const detail = `target.position in layer ${name} must be ${allowed}; received [${position.join(', ')}]`;
    throw faultAt('invalid', '/target/position', detail);
  }
  return index;
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

/** An output by its index. @throws ElucidError `invalid` */
export function checkIndex(index: number, { count }: NamedOutputs, pointer: string): number {
  if (index < count) return index;
  throw faultAt('invalid', pointer, `target must be an output from 0 to ${count - 1}; received ${index}`);
}

/**
 * An output by the whole label, by one of its synonyms, or by its index in digits.
 * @throws ElucidError `invalid` for an unknown or ambiguous one, with the candidates
 */
export function findOutput(name: string, outputs: NamedOutputs, pointer: string): number {
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

function allowed({ labels, count, words }: NamedOutputs): string {
  const indices = `an index from 0 to ${count - 1}`;
  const choices = words.map((word) => JSON.stringify(word));
  if (labels === null) return `allowed: ${[...choices, indices].join(' or ')}`;
  const shown = labels.slice(0, SHOWN).map((label) => JSON.stringify(label));
  const more = labels.length > SHOWN ? `, and ${labels.length - SHOWN} more` : '';
  return `allowed: ${[...choices, indices].join(', ')}, or a label: ${shown.join(', ')}${more}`;
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
