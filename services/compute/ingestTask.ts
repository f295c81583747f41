import type { Shape } from '../../models/tensors/tensor.ts';
import type { Preprocessing } from '../../schemas/preprocessing.ts';
import type { DecodedImage } from '../ingestion/decodeImage.ts';

/** How images become inputs of one model. */
export interface ImageSpec {
  readonly shape: Shape;
  readonly preprocessing: Preprocessing;
  /** The mean image; null when there is none. */
  readonly mean: Float32Array | null;
}

export type IngestTask =
  | {
      readonly kind: 'decode';
      readonly bytes: Uint8Array;
      /** The model's fingerprint. */
      readonly model: string;
      /** Everything about the model's input, when the worker has to learn it. */
      readonly spec: ImageSpec | null;
      readonly picture: boolean;
    }
  | { readonly kind: 'ping' };

export type IngestReply =
  | { readonly kind: 'decoded'; readonly image: DecodedImage; readonly decodeMs: number }
  | { readonly kind: 'model-unknown' }
  | { readonly kind: 'pong' };

/** What an ingest worker is started with. */
export interface IngestSetup {
  readonly maxPixels: number;
}
