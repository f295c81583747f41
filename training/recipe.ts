import type { Distortion } from './augmentation.ts';
import type { SequentialModel, TensorFlow } from './tensorflow.ts';

/** Everything that makes one model of the zoo. */
export interface Recipe {
  /** Folder in `models/zoo/` and name of the model. */
  readonly name: string;
  readonly title: string;
  /** Builds the untrained model: input [28, 28, 1] in [0, 1], last layer `output` with softmax. */
  build(tf: TensorFlow): SequentialModel;
  readonly schedule: Schedule;
}

/** How a model is trained: Adam, the learning rate falling to 0 on a half cosine. */
export interface Schedule {
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of the first step. */
  readonly learningRate: number;
  readonly distortion: Distortion;
  /** Seeds the order of the pictures and their distortions. */
  readonly seed: number;
}

/** Pixels 0 … 255 become 0 … 1: black paper is 0, so that it adds nothing to a gradient × input map. */
export const PIXEL_SCALE = 1 / 255;
