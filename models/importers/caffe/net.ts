import type { Shape } from '../../tensors/tensor.ts';

/** A message of Caffe's format, by the names of its fields; a field that may occur several times is a list. */
export type CaffeMessage = Readonly<Record<string, unknown>>;

/** A tensor of a caffemodel. */
export interface CaffeBlob {
  /** As the file states it; blobs of the oldest versions are [num, channels, height, width]. */
  readonly shape: Shape;
  /** Whether the shape is one of those four numbers: leading ones then mean nothing. */
  readonly legacy: boolean;
  readonly data: Float32Array;
}

/** A layer of a net, whichever version of the format it was written in. */
export interface CaffeLayer {
  readonly name: string;
  /** The newer format's name of the type, e.g. `InnerProduct` for V1's INNER_PRODUCT. */
  readonly type: string;
  readonly bottoms: readonly string[];
  readonly tops: readonly string[];
  /** The parameter messages by field name, e.g. `convolution_param`. */
  readonly parameters: Readonly<Record<string, CaffeMessage>>;
}

/** A blob that is fed from outside, as `input` and its shape declare it. */
export interface CaffeInput {
  readonly name: string;
  /** With the batch; null when the net does not state it. */
  readonly shape: Shape | null;
}

/** A net as it is at the phase TEST: layers in the order of the file, those of the phase TRAIN left out. */
export interface CaffeNet {
  readonly inputs: readonly CaffeInput[];
  readonly layers: readonly CaffeLayer[];
}

/** Blobs of every layer that has some, by the layer's name. */
export type CaffeWeights = ReadonlyMap<string, readonly CaffeBlob[]>;
