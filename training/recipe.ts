import type { ManifestSpec } from '../schemas/manifest.ts';
import { type Digits, SIDE } from './mnist.ts';
import type { SavedModel, TensorFlow } from './tensorflow.ts';

/** Everything that makes one model. */
export interface Recipe {
  /** Name of the model and of its folder. */
  readonly name: string;
  readonly title: string;
  /** `zoo`: shipped in `models/zoo`; `measures`: only judges others, in `bench/prototypes/models`. */
  readonly home: 'zoo' | 'measures';
  /** Trains the model and measures it once on the test digits. */
  train(training: Training): Promise<Trained>;
}

/** What a recipe works with. */
export interface Training {
  readonly tf: TensorFlow;
  /** The 60,000 digits of the training set. */
  readonly digits: Digits;
  /** The 10,000 digits of the test set. */
  readonly test: Digits;
  /** Folder of the shipped models and of the sample digits. */
  readonly zoo: string;
  print(line: string): void;
}

/** A trained model, and what its manifest and folder hold besides. */
export interface Trained {
  readonly model: SavedModel;
  readonly manifest: Pick<ManifestSpec, 'input' | 'output' | 'companions'>;
  /** Measured qualities, for the manifest. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Further files of the model's folder, by name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Contact sheets by what they show: pictures in rows, values in [0, 1], 28 × 28 each. */
  readonly sheets: Readonly<Record<string, Sheet>>;
}

/** Pictures of 28 × 28 with values in [0, 1], so many in a row. */
export interface Sheet {
  readonly columns: number;
  readonly pixels: ArrayLike<number>;
}

/** Pixels 0 … 255 become 0 … 1: black paper is 0, so that it adds nothing to a gradient × input map. */
export const PIXEL_SCALE = 1 / 255;

/** The input of every model that takes a digit: a gray picture of any size, its values in [0, 1]. */
export const DIGIT_INPUT: ManifestSpec['input'] = {
  kind: 'image',
  shape: [1, SIDE, SIDE],
  preprocessing: { colour: 'gray', resize: SIDE, crop: 'centre', fit: 'short-side', scale: PIXEL_SCALE },
  box: [0, 1],
};
