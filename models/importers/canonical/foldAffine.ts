import type { AffineLayer, Conv2dLayer, DenseLayer, ReshapeLayer } from '../../network.ts';
import { arrayTensor, sizeOf } from '../../tensors/tensor.ts';
import { consumersOf, type Draft, type DraftLayer, prune, type Rewrite, rewrite } from './draft.ts';
import { type ChannelMap, channelMapOf, withInputMap, withOutputMap } from './linearAlgebra.ts';

interface Place {
  readonly draft: Draft;
  readonly index: number;
  readonly affine: AffineLayer;
  /** Who reads the output of a layer. */
  readonly readers: (index: number) => readonly number[];
}

/**
 * Folds affine layers (batch normalisations) into the linear layer before them or, failing that, into the ones behind
 * them, also through a flatten. What cannot be folded exactly stays.
 */
export function foldAffine(draft: Draft): Draft {
  return foldEach(foldEach(draft, intoPrevious), intoNext);
}

function foldEach(draft: Draft, fold: (place: Place) => Rewrite | null): Draft {
  let folded = draft;
  for (let index = 0; index < folded.layers.length; ) {
    const change = changeAt(folded, index, fold);
    if (change === null) index += 1;
    else folded = prune(rewrite(folded, change));
  }
  return folded;
}

function changeAt(draft: Draft, index: number, fold: (place: Place) => Rewrite | null): Rewrite | null {
  const affine = draft.layers[index];
  if (affine?.type !== 'affine') return null;
  const consumers = consumersOf(draft);
  return fold({ draft, index, affine, readers: (at) => consumers[at] ?? [] });
}

/** Into the linear or affine layer before it, when nothing else reads that one. */
function intoPrevious({ draft, index, affine, readers }: Place): Rewrite | null {
  const [source = -1] = affine.inputs;
  const previous = draft.layers[source];
  if (previous === undefined || draft.output === source || readers(source).length !== 1) return null;
  const map = channelMapOf(affine);
  const merged = previous.type === 'affine' ? composed(previous, map) : mapped(previous, map);
  return merged && { replace: new Map([[source, merged]]), redirect: new Map([[index, source]]) };
}

function mapped(layer: DraftLayer, map: ChannelMap): DraftLayer | null {
  switch (layer.type) {
    case 'dense':
    case 'conv2d':
    case 'conv2dTranspose':
      return withOutputMap(layer, map);
    default:
      return null;
  }
}

function composed(layer: AffineLayer, map: ChannelMap): AffineLayer {
  const first = channelMapOf(layer);
  const scale = first.scale.map((value, c) => value * (map.scale[c] ?? 1));
  const offset = first.offset.map((value, c) => value * (map.scale[c] ?? 1) + (map.offset[c] ?? 0));
  return { ...layer, scale: arrayTensor([scale.length], scale), offset: arrayTensor([offset.length], offset) };
}

/** Into every layer that reads it, when all are linear and pad nothing; a flatten in between is passed first. */
function intoNext(place: Place): Rewrite | null {
  const { draft, index, affine, readers } = place;
  if (draft.output === index) return null;
  const [only, ...others] = readers(index);
  const flatten = only === undefined || others.length > 0 ? undefined : draft.layers[only];
  if (only !== undefined && flatten?.type === 'reshape') return throughFlatten(place, only, flatten);
  return intoReaders(draft, readers(index), channelMapOf(affine), [index, affine.inputs[0] ?? -1]);
}

function throughFlatten({ draft, affine, readers, index }: Place, at: number, flatten: ReshapeLayer): Rewrite | null {
  if (flatten.shape.length !== 1 || draft.output === at) return null;
  const cells = sizeOf(affine.shape.slice(1));
  const spread = (values: Float32Array) =>
    Float32Array.from({ length: values.length * cells }, (_, k) => values[Math.floor(k / cells)] ?? 0);
  const { scale, offset } = channelMapOf(affine);
  const map = { scale: spread(scale), offset: spread(offset) };
  return intoReaders(draft, readers(at), map, [index, affine.inputs[0] ?? -1]);
}

function intoReaders(
  draft: Draft,
  readers: readonly number[],
  map: ChannelMap,
  redirect: readonly [number, number],
): Rewrite | null {
  const replace = new Map<number, DraftLayer>();
  for (const reader of readers) {
    const layer = draft.layers[reader];
    if (layer === undefined || !padsNothing(layer)) return null;
    replace.set(reader, withInputMap(layer, map));
  }
  return replace.size === 0 ? null : { replace, redirect: new Map([redirect]) };
}

function padsNothing(layer: DraftLayer): layer is DenseLayer | Conv2dLayer {
  return layer.type === 'dense' || (layer.type === 'conv2d' && layer.padding.every((cells) => cells === 0));
}
