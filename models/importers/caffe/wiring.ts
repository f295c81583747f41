import { importError, quoted } from '../faults.ts';
import { CLOSING, MEASURING } from './ends.ts';
import { isFeeding } from './inputs.ts';
import type { CaffeLayer, CaffeNet } from './net.ts';

/** A blob: the layer that wrote it last before it is read, and which of its tops it is. */
export interface Blob {
  readonly layer: number;
  readonly top: number;
}

/** A layer whose bottoms are traced to the layers that wrote them: names are written again by layers in place. */
export interface WiredLayer {
  readonly layer: CaffeLayer;
  readonly bottoms: readonly Blob[];
}

/** What a model is for: its layers up to the explained output, and a probability behind that. */
export interface Goal {
  /** The blob that the model, as far as it is needed, ends with. */
  readonly end: Blob;
  /** The explained blob where the manifest names one; null for the model's own end. */
  readonly explained: Blob | null;
}

/**
 * Traces the bottoms of all layers, in the order of the file; the net's inputs become layers of their own.
 * @throws ElucidError `model-failed` for a bottom that nothing wrote before
 */
export function wired(net: CaffeNet): readonly WiredLayer[] {
  const written = new Map<string, Blob>();
  return [...net.inputs.map(inputLayer), ...net.layers].map((layer, index) => {
    const bottoms = layer.bottoms.map((name) => {
      const blob = written.get(name);
      if (blob !== undefined) return blob;
      throw importError(
        `${quoted(layer.name)} (${quoted(layer.type)}) reads ${quoted(name)}, which nothing before it writes`,
      );
    });
    for (const [top, name] of layer.tops.entries()) written.set(name, { layer: index, top });
    return { layer, bottoms };
  });
}

function inputLayer({ name, shape }: CaffeNet['inputs'][number]): CaffeLayer {
  const message = shape === null ? {} : { shape: [{ dim: shape }] };
  return { name, type: 'Input', bottoms: [], tops: [name], parameters: { input_param: message } };
}

/**
 * What is to be built: up to the layer, or else blob, that the manifest names, together with a softmax or sigmoid that
 * closes the model right behind it; or, without a name, up to the last layer that computes something.
 * @throws ElucidError `model-failed`
 */
export function goalOf(layers: readonly WiredLayer[], name: string | null): Goal {
  if (name === null) {
    const last = layers.findLastIndex(({ layer }) => !isFeeding(layer) && !MEASURING.has(layer.type));
    if (last < 0) throw importError('the net has no layer that computes anything');
    return { end: { layer: last, top: 0 }, explained: null };
  }
  const explained = blobNamed(layers, name);
  const closing = layers.findIndex(
    ({ layer, bottoms }, index) =>
      CLOSING.has(layer.type) && isSameBlob(bottoms[0], explained) && !isUsed(layers, index),
  );
  return { end: closing < 0 ? explained : { layer: closing, top: 0 }, explained };
}

function blobNamed(layers: readonly WiredLayer[], name: string): Blob {
  const computing = layers.map(({ layer }) => !isFeeding(layer) && !MEASURING.has(layer.type));
  const named = layers.findIndex(({ layer }, index) => computing[index] === true && layer.name === name);
  if (named >= 0) return { layer: named, top: 0 };
  const writing = layers.findLastIndex(({ layer }, index) => computing[index] === true && layer.tops.includes(name));
  if (writing >= 0) return { layer: writing, top: layers[writing]?.layer.tops.indexOf(name) ?? 0 };
  const names = layers.slice(-20).map(({ layer }) => quoted(layer.name));
  throw importError(`output.layer ${quoted(name)} is no layer of the net; its last ones are ${names.join(', ')}`);
}

/** Whether anything but a measure reads a top of a layer. */
function isUsed(layers: readonly WiredLayer[], index: number): boolean {
  return layers.some(
    ({ layer, bottoms }) => !MEASURING.has(layer.type) && bottoms.some((blob) => blob.layer === index),
  );
}

function isSameBlob(a: Blob | undefined, b: Blob): boolean {
  return a !== undefined && a.layer === b.layer && a.top === b.top;
}

/** The bottoms that a layer computes with: losses read labels, too. */
export function computedBottoms({ layer, bottoms }: WiredLayer): readonly Blob[] {
  return CLOSING.has(layer.type) ? bottoms.slice(0, 1) : bottoms;
}

/** Indices of the layers that a blob depends on, in order. */
export function neededFor(layers: readonly WiredLayer[], end: Blob): readonly number[] {
  const needed = new Set<number>();
  const pending = [end.layer];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const layer = layers[index];
    if (layer === undefined || needed.has(index)) continue;
    needed.add(index);
    pending.push(...computedBottoms(layer).map((blob) => blob.layer));
  }
  return [...needed].sort((a, b) => a - b);
}
