import { z } from 'zod';
import { MAX_LAYERS } from '../canonical/draft.ts';
import { ImportFault, importError, quoted } from '../faults.ts';
import { V1_TYPES } from './enumerations.ts';
import type { CaffeInput, CaffeLayer, CaffeNet } from './net.ts';
import { isIncluded, phaseRuleSchema } from './phases.ts';
import { NET_TYPE } from './schema.ts';
import { readTextFormat } from './textFormat.ts';

const names = z.array(z.string()).default([]);
const rules = z.array(phaseRuleSchema).default([]);
const layerSchema = z
  .object({ name: z.string().default(''), type: z.string().default(''), bottom: names, top: names })
  .extend({ include: rules, exclude: rules })
  .catchall(z.record(z.string(), z.unknown()));

const netSchema = z.object({
  input: names,
  input_shape: z.array(z.object({ dim: z.array(z.number()).default([]) })).default([]),
  input_dim: z.array(z.number()).default([]),
  layer: z.array(layerSchema).default([]),
  layers: z.array(layerSchema).default([]),
});

type NetMessage = z.output<typeof netSchema>;
type LayerMessage = z.output<typeof layerSchema>;

/** Axes that `input_dim` states for every input. */
const LEGACY_RANK = 4;

/**
 * Reads a net in protobuf's text format: layers of the first or second version, those that are left out at the phase TEST
 * dropped. The shape that an `Input` layer declares stays in its parameters.
 * @throws ElucidError `model-failed`
 */
export function readNet(text: string): CaffeNet {
  const net = netSchema.parse(readTextFormat(NET_TYPE, text));
  if (net.layer.length > 0 && net.layers.length > 0) {
    throw importError('the prototxt has layers of both versions, `layer` and `layers`; one version is allowed');
  }
  const count = net.layer.length + net.layers.length;
  if (count === 0) throw importError('the prototxt has no layers');
  if (count > MAX_LAYERS) throw importError(`the prototxt has ${count} layers; at most ${MAX_LAYERS} are read`);
  const layers = [
    ...net.layer.filter(belongs).map((layer) => layerOf(layer, layer.type)),
    ...net.layers.filter(belongs).map((layer) => layerOf(layer, newerType(layer))),
  ];
  if (layers.length === 0) throw importError(`none of the ${count} layers of the prototxt belongs to the phase TEST`);
  return { inputs: inputsOf(net), layers };
}

function belongs(layer: LayerMessage): boolean {
  try {
    return isIncluded(layer.include, layer.exclude);
  } catch (error) {
    throw error instanceof ImportFault ? importError(`${called(layer)} ${error.message}`) : error;
  }
}

/** The second version's name of a type of the first. */
function newerType(layer: LayerMessage): string {
  const type = Object.hasOwn(V1_TYPES, layer.type) ? V1_TYPES[layer.type] : undefined;
  if (type === undefined) throw importError(`${called(layer)} has no type`);
  return type;
}

function called({ name }: LayerMessage): string {
  return name === '' ? 'a layer without a name' : `the layer ${quoted(name)}`;
}

function layerOf(layer: LayerMessage, type: string): CaffeLayer {
  const { name, type: _, bottom, top, include, exclude, ...parameters } = layer;
  return { name, type, bottoms: bottom, tops: top, parameters };
}

function inputsOf({ input, input_shape: shapes, input_dim: sides }: NetMessage): readonly CaffeInput[] {
  if (shapes.length > 0) {
    checkCount('input_shape', shapes.length, input.length);
    return input.map((name, index) => ({ name, shape: shapes[index]?.dim ?? null }));
  }
  if (sides.length === 0) return input.map((name) => ({ name, shape: null }));
  checkCount('input_dim', sides.length, LEGACY_RANK * input.length);
  return input.map((name, index) => ({ name, shape: sides.slice(LEGACY_RANK * index, LEGACY_RANK * (index + 1)) }));
}

function checkCount(field: string, count: number, expected: number): void {
  if (count === expected) return;
  throw importError(`the prototxt has ${count} fields ${field}, its inputs need ${expected}`);
}
