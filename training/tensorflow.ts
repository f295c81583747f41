import util from 'node:util';
import type { io, Optimizer, Tensor, Variable } from '@tensorflow/tfjs-core';

/** A layer of a model under construction. */
export interface LayerHandle {
  readonly name: string;
  apply(input: Symbolic | Symbolic[]): Symbolic;
  setWeights(weights: Tensor[]): void;
}

/** The output of a layer that has no values yet, in a functional model; opaque to the recipes. */
export interface Symbolic {
  readonly shape: readonly (number | null)[];
}

/** A Keras-style model, as far as it is written to files. */
export interface SavedModel {
  save(handler: io.IOHandler): Promise<io.SaveResult>;
}

/** What the trainer uses of a Keras-style model. */
export interface TrainedModel extends SavedModel {
  apply(input: Tensor, options?: { training?: boolean }): Tensor;
  readonly trainableWeights: readonly { readonly originalName: string; readonly val: Variable }[];
}

interface LayerConfig {
  readonly name: string;
  readonly inputShape?: number[];
  readonly kernelInitializer?: object;
  readonly activation?: 'linear' | 'relu' | 'sigmoid' | 'softmax' | 'softplus';
}

type ConvolutionConfig = LayerConfig & {
  filters: number;
  kernelSize: number;
  strides?: number;
  padding?: 'valid' | 'same';
};

/** The layers package of TensorFlow.js, as far as the recipes need it; it is installed only with the addon. */
interface LayersApi {
  sequential(config: { name: string; layers: LayerHandle[] }): TrainedModel;
  model(config: { name: string; inputs: Symbolic; outputs: Symbolic }): TrainedModel;
  input(config: { name: string; shape: number[] }): Symbolic;
  loadLayersModel(handler: io.IOHandler): Promise<TrainedModel>;
  readonly layers: {
    conv2d(config: ConvolutionConfig): LayerHandle;
    conv2dTranspose(config: ConvolutionConfig): LayerHandle;
    averagePooling2d(config: LayerConfig & { poolSize: number; strides?: number }): LayerHandle;
    maxPooling2d(config: LayerConfig & { poolSize: number; strides?: number }): LayerHandle;
    flatten(config: LayerConfig): LayerHandle;
    reshape(config: LayerConfig & { targetShape: number[] }): LayerHandle;
    dense(config: LayerConfig & { units: number; useBias?: boolean }): LayerHandle;
    add(config: LayerConfig): LayerHandle;
  };
  readonly initializers: { heNormal(config: { seed: number }): object };
  readonly train: { adam(learningRate: number): Optimizer & { learningRate: number } };
}

/** The operations alone, which every backend of TensorFlow.js has. */
export type CoreTensorFlow = Omit<typeof import('@tensorflow/tfjs-core'), 'train'>;

/** TensorFlow.js on the native TensorFlow library. */
export type TensorFlow = CoreTensorFlow & LayersApi;

/** TensorFlow's addon is not installed or does not load; the message says what to do. */
export class TensorFlowMissing extends Error {
  readonly code = 'tensorflow_missing';
}

const ADDON = '@tensorflow/tfjs-node-gpu';

/** Node 23 removed two functions that the addon's JavaScript still calls. */
function restoreRemovedUtilities(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
}

/**
 * Loads TensorFlow.js with its native addon.
 * @param load how a module is imported; tests pass their own
 * @throws TensorFlowMissing when the addon is not installed, or cannot be loaded
 */
export async function loadTensorFlow(
  load: (specifier: string) => Promise<unknown> = (specifier) => import(specifier),
): Promise<TensorFlow> {
  restoreRemovedUtilities();
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  try {
    // A CommonJS module: whether its exports come as `default` depends on who imports it, node or tsx.
    const module = (await load(ADDON)) as TensorFlow & { default?: TensorFlow };
    return module.default ?? module;
  } catch (error) {
    throw new TensorFlowMissing(explain(error), { cause: error });
  }
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND'
    ? 'Training needs TensorFlow, which is not installed: run `npm run setup:tensorflow` once (it needs Python 3 with pip, and g++).'
    : `TensorFlow is installed but does not load: run \`npm run setup:tensorflow -- --force\`. Reason: ${message.split('\n')[0]}`;
}
