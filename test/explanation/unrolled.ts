import type { Network } from '../../models/network.ts';
import { arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { scoresOf } from '../models/forward.ts';
import { outputCount } from './networks.ts';

/** A network that is one linear map, written out: z_j = Σ_i x_i w[j][i] + b[j], in float64. */
export interface Unrolled {
  readonly inputs: number;
  readonly outputs: number;
  /** One row per output. */
  readonly w: readonly Float64Array[];
  readonly b: Float64Array;
  /** Whether output j reads input i, be its weight 0 or not: padding and what lies outside a kernel is not read. */
  readonly sees: readonly (readonly boolean[])[];
}

/** The matrix of a linear network, column by column: what the slow evaluator gives for unit vectors. */
export function unrolled(network: Network): Unrolled {
  const [inputs, outputs] = [sizeOf(network.inputShape), outputCount(network)];
  const b = scoresOf(network, new Float64Array(inputs));
  const columns = columnsOf(network, inputs);
  const seen = columnsOf(withWeightsOfOne(network), inputs);
  const rows = <T>(value: (i: number, j: number) => T) =>
    Array.from({ length: outputs }, (_, j) => Array.from({ length: inputs }, (_, i) => value(i, j)));
  return {
    inputs,
    outputs,
    w: rows((i, j) => columns[i]?.[j] ?? Number.NaN).map((row) => Float64Array.from(row)),
    b,
    sees: rows((i, j) => seen[i]?.[j] !== 0),
  };
}

function columnsOf(network: Network, inputs: number): readonly Float64Array[] {
  const bare = withoutBiases(network);
  return Array.from({ length: inputs }, (_, i) => {
    const unit = new Float64Array(inputs);
    unit[i] = 1;
    return scoresOf(bare, unit);
  });
}

function withoutBiases(network: Network): Network {
  const layers = network.layers.map((layer) => {
    if (layer.type === 'affine') {
      return { ...layer, offset: arrayTensor(layer.offset.shape, new Float32Array(sizeOf(layer.offset.shape))) };
    }
    return 'bias' in layer ? { ...layer, bias: null } : layer;
  });
  return { ...network, layers };
}

function withWeightsOfOne(network: Network): Network {
  const layers = network.layers.map((layer) => {
    if (!('weight' in layer)) return layer;
    const { shape } = layer.weight;
    return { ...layer, weight: arrayTensor(shape, new Float32Array(sizeOf(shape)).fill(1)) };
  });
  return { ...network, layers };
}
