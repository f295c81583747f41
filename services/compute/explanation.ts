import type { Network } from '../../models/network.ts';
import type { Picture } from '../../models/preprocessing/pixels.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { ArrayTensor, Shape } from '../../models/tensors/tensor.ts';
import type { MethodName } from '../../schemas/methods.ts';
import type { Target } from '../../schemas/target.ts';

/** What is to be explained: an encoded image, to be decoded as the model's manifest says, or a ready tensor [N, ...]. */
export type ExplainInput =
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  | { readonly kind: 'tensor'; readonly tensor: ArrayTensor };

/** A validated request for an explanation, whatever protocol it came by. */
export interface ExplainCommand {
  readonly model: RegisteredModel;
  readonly method: MethodName;
  /** Parsed by the method's schema. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly target: Target;
  /** Name of the layer at whose output relevance is wanted; without it, at the input. */
  readonly layer?: string | undefined;
  readonly input: ExplainInput;
  /** Whether what the network saw is wanted as a picture, for overlays. */
  readonly picture: boolean;
  /** Whether the relevance is only drawn: that of images comes summed over their channels. Default: no. */
  readonly summed?: boolean;
  /** Longest that it may wait and run, in milliseconds; default: as long as any request. */
  readonly timeoutMs?: number;
  readonly admit?: Admit | undefined;
}

/** Hears how many network rows a command costs, before any of them runs, and throws where that is too much for who asks. */
export type Admit = (rows: number) => Promise<void>;

export interface ScoredOutput {
  readonly index: number;
  readonly label: string | null;
  readonly score: number;
  /** null where the model's outputs are no probabilities. */
  readonly probability: number | null;
}

export interface Prediction extends ScoredOutput {
  /** The five largest outputs, or as many as there are. */
  readonly top: readonly ScoredOutput[];
}

export interface ExplainedTarget {
  /** null for a weighted target. */
  readonly index: number | null;
  readonly label: string | null;
  readonly weights: Readonly<Record<string, number>> | null;
  /** A hidden unit; a null position is that of the channel's maximum. */
  readonly unit: {
    readonly layer: string;
    readonly channel: number;
    readonly position: readonly [number, number] | null;
  } | null;
  /** Σ_k w_k f_k before any softmax, or the unit's value. */
  readonly score: number;
}

/** Where relevance went: start = input_sum + bias + stabiliser + dead + dropped. */
export interface Absorbed {
  readonly bias: number;
  readonly stabiliser: number;
  readonly dead: number;
  readonly dropped: number;
}

export interface Conservation {
  readonly start: number;
  readonly input_sum: number;
  readonly error: number;
  readonly relative_error: number | null;
  readonly absorbed: Absorbed | null;
}

export interface LayerRelevance {
  readonly name: string;
  readonly type: string;
  readonly rule: string | null;
  readonly relevance_sum: number;
}

/** The answer for one item of the batch that a client sent. */
export interface ItemExplanation {
  readonly prediction: Prediction;
  /** What the network gives for every output: probabilities where its outputs are such, else scores. */
  readonly values: readonly number[];
  readonly target: ExplainedTarget;
  readonly relevance: { readonly sum: number; readonly min: number; readonly max: number };
  /** null for methods that do not decompose the score; `note` then says why. */
  readonly conservation: Conservation | null;
  readonly note: string | null;
  /** Relevance sums at layer outputs, output first; null for methods without them. */
  readonly layers: readonly LayerRelevance[] | null;
}

export interface Explanation {
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly engine: string;
  readonly method: MethodName;
  /** All options, resolved. */
  readonly options: Readonly<Record<string, unknown>>;
  /** [N, ...input shape], or of the layer's output. */
  readonly relevanceShape: Shape;
  /** Of that shape, or [N, 1, H, W] where the command wanted it summed over channels; never rescaled. */
  readonly relevance: ArrayTensor;
  readonly items: readonly ItemExplanation[];
  /** What the network saw, for an image input when it was asked for. */
  readonly picture: Picture | null;
  readonly timing_ms: { readonly decode: number; readonly queue: number; readonly compute: number };
  readonly batch_size: number;
  /** Whether the compiled explanation was found, not made for this request. */
  readonly cached: boolean;
}

/** A validated request for a prediction alone. */
export type PredictCommand = Pick<ExplainCommand, 'model' | 'input' | 'admit'>;

/** The prediction for one item of a batch. */
export interface ItemPrediction {
  readonly prediction: Prediction;
  /** What the network gives for every output: probabilities where its outputs are such, else scores. */
  readonly values: readonly number[];
  /** Of every output, before any softmax. */
  readonly scores: Float32Array;
}

/** What the network says of a batch, without a reason. */
export interface Predicted extends Pick<Explanation, 'model' | 'engine' | 'timing_ms' | 'batch_size' | 'cached'> {
  readonly items: readonly ItemPrediction[];
}

/** Whether a model is loaded: `idle` ones are loaded by the first request. */
export type ModelState =
  | { readonly state: 'idle' | 'loading' | 'ready' }
  | { readonly state: 'failed'; readonly reason: string };

/** Facts about one model for `GET /models/{name}`. */
export interface ModelDescription {
  readonly state: 'idle' | 'loading' | 'ready' | 'failed';
  readonly reason: string | null;
  readonly layers: readonly {
    readonly name: string;
    readonly type: string;
    readonly output_shape: readonly number[];
    readonly parameters: number;
  }[];
  /** Methods that apply, and why the others do not. */
  readonly methods: readonly { readonly name: MethodName; readonly applies: boolean; readonly reason: string | null }[];
  readonly composites: readonly { readonly name: string; readonly applies: boolean; readonly reason: string | null }[];
}

/**
 * The use cases behind every protocol. All errors are `ElucidError`. Models are given as the registry had them when the
 * request came: reading the folders again does not touch requests that run.
 */
export interface ExplanationService {
  /** @param signal aborts when the client has gone: the request is dropped from the queue */
  explain(command: ExplainCommand, signal: AbortSignal): Promise<Explanation>;
  /** Runs the forward pass alone. */
  predict(command: PredictCommand, signal: AbortSignal): Promise<Predicted>;
  /** Tells the state of a model without loading it. */
  stateOf(model: RegisteredModel): ModelState;
  /** The structure of a model's network. @throws ElucidError `model-failed` */
  networkOf(model: RegisteredModel): Promise<Network>;
  /**
   * Decodes an image to what a model sees, [1, ...input shape].
   * @throws ElucidError `invalid` where the model takes tensors only, `unsupported-image`, `too-large`
   */
  decode(model: RegisteredModel, bytes: Uint8Array, signal: AbortSignal): Promise<ArrayTensor>;
  /** Loads the model if needed and describes it. */
  describe(model: RegisteredModel): Promise<ModelDescription>;
  /** The compiled explanation as an ONNX model (inputs `input`, `target`, ...; outputs `relevance`, `scores`). */
  exportOnnx(
    model: RegisteredModel,
    method: MethodName,
    options: Readonly<Record<string, unknown>>,
  ): Promise<Uint8Array>;
  /**
   * The weights of a convolution that sees the input, [out, in / groups, kh, kw], batch normalisations folded.
   * @throws ElucidError `unknown-layer`, `not-applicable`
   */
  filters(model: RegisteredModel, layer: string): Promise<ArrayTensor>;
  /** Unloads all models but these; requests that run finish. */
  retain(models: readonly RegisteredModel[]): void;
  /** Resolves when a worker of each kind has answered. */
  alive(): Promise<void>;
  close(): Promise<void>;
}
