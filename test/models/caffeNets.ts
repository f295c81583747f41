import type { CaffeBlob, CaffeLayer, CaffeMessage, CaffeNet, CaffeWeights } from '../../models/importers/caffe/net.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { randomNumbers } from './kerasLayers.ts';

/** Caffe's name of the message with the parameters of a layer type. */
const FIELDS: Readonly<Record<string, string>> = {
  Convolution: 'convolution_param',
  Deconvolution: 'convolution_param',
  Pooling: 'pooling_param',
  InnerProduct: 'inner_product_param',
  ReLU: 'relu_param',
  PReLU: 'prelu_param',
  ELU: 'elu_param',
  Power: 'power_param',
  Exp: 'exp_param',
  Log: 'log_param',
  Clip: 'clip_param',
  LRN: 'lrn_param',
  BatchNorm: 'batch_norm_param',
  Scale: 'scale_param',
  Bias: 'bias_param',
  Eltwise: 'eltwise_param',
  Concat: 'concat_param',
  Slice: 'slice_param',
  Flatten: 'flatten_param',
  Reshape: 'reshape_param',
  Permute: 'permute_param',
  Crop: 'crop_param',
  Softmax: 'softmax_param',
  SoftmaxWithLoss: 'softmax_param',
  Input: 'input_param',
  MemoryData: 'memory_data_param',
};

/** A net that is written layer by layer; a layer without bottoms of its own reads the top of the one before. */
export class NetSketch {
  readonly weights = new Map<string, readonly CaffeBlob[]>();
  readonly inputShape: Shape;
  private readonly layers: CaffeLayer[] = [];
  private readonly random: () => number;
  private last = 'data';

  constructor(inputShape: Shape, seed = 7) {
    this.inputShape = inputShape;
    this.random = randomNumbers(seed);
  }

  /**
   * Adds a layer.
   * @param places bottoms, tops (default: the name), or `inPlace`
   * @param blobs shapes of parameters to make up in ±1, or the parameters
   */
  add(
    type: string,
    name: string,
    message: CaffeMessage = {},
    blobs: readonly (Shape | CaffeBlob)[] = [],
    places: { bottoms?: readonly string[]; tops?: readonly string[]; inPlace?: boolean } = {},
  ): this {
    const bottoms = places.bottoms ?? [this.last];
    const tops = places.tops ?? (places.inPlace ? bottoms.slice(0, 1) : [name]);
    const field = FIELDS[type] ?? `${type.toLowerCase()}_param`;
    this.layers.push({ name, type, bottoms, tops, parameters: { [field]: message } });
    if (blobs.length > 0)
      this.weights.set(
        name,
        blobs.map((blob) => this.blob(blob)),
      );
    this.last = tops[0] ?? this.last;
    return this;
  }

  net(): CaffeNet {
    return { inputs: [{ name: 'data', shape: [1, ...this.inputShape] }], layers: this.layers };
  }

  private blob(given: Shape | CaffeBlob): CaffeBlob {
    return 'data' in given ? given : { shape: given, legacy: false, data: this.values(given) };
  }

  private values(shape: Shape): Float32Array {
    return Float32Array.from({ length: sizeOf(shape) }, () => 2 * this.random() - 1);
  }
}

/** A blob of given values. */
export function blobOf(shape: Shape, values: readonly number[], legacy = false): CaffeBlob {
  return { shape, legacy, data: Float32Array.from(values) };
}

/** Weights with some layer's blobs changed. */
export function withBlobs(weights: CaffeWeights, layer: string, blobs: readonly CaffeBlob[]): CaffeWeights {
  return new Map([...weights, [layer, blobs]]);
}
