import type { Pixels } from '../../models/preprocessing/picture.ts';
import type { ImageInput } from '../ingestion/decodeImage.ts';

export type IngestTask =
  | {
      readonly kind: 'decode';
      readonly bytes: Uint8Array;
      /** The model's fingerprint. */
      readonly model: string;
      /** Everything about the model's input, when the worker has to learn it. */
      readonly spec: ImageInput | null;
    }
  | { readonly kind: 'ping' };

export type IngestReply =
  | { readonly kind: 'decoded'; readonly pixels: Pixels; readonly decodeMs: number }
  | { readonly kind: 'model-unknown' }
  | { readonly kind: 'pong' };

/** What an ingest worker is started with. */
export interface IngestSetup {
  readonly maxPixels: number;
}
