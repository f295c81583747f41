import type { Conv2dLayer, Padding, PadLayer } from '../../network.ts';
import { consumersOf, type Draft, type DraftLayer, prune, rewrite } from './draft.ts';

/** Folds explicit padding with zeros into the convolutions behind it, when nothing else reads it. */
export function foldPadding(draft: Draft): Draft {
  let folded = draft;
  for (let index = draft.layers.length - 1; index >= 0; index -= 1) folded = foldAt(folded, index);
  return folded;
}

function foldAt(draft: Draft, index: number): Draft {
  const pad = draft.layers[index];
  if (pad?.type !== 'pad' || draft.output === index) return draft;
  const padding = imagePadding(pad);
  if (padding === null) return draft;
  const replace = new Map<number, DraftLayer>();
  for (const reader of consumersOf(draft)[index] ?? []) {
    const layer = draft.layers[reader];
    if (layer?.type !== 'conv2d') return draft;
    replace.set(reader, withPadding(layer, padding));
  }
  if (replace.size === 0) return draft;
  return prune(rewrite(draft, { replace, redirect: new Map([[index, pad.inputs[0] ?? -1]]) }));
}

/** The padding of an image's height and width; null when the layer pads anything else. */
function imagePadding(pad: PadLayer): Padding | null {
  const [channels, rows, columns, ...more] = pad.padding;
  if (channels === undefined || rows === undefined || columns === undefined || more.length > 0) return null;
  if (channels[0] !== 0 || channels[1] !== 0) return null;
  return [rows[0], columns[0], rows[1], columns[1]];
}

function withPadding(layer: Conv2dLayer, [top, left, bottom, right]: Padding): Conv2dLayer {
  const [t, l, b, r] = layer.padding;
  return { ...layer, padding: [t + top, l + left, b + bottom, r + right] };
}
