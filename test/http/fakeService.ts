import { NETWORK_INPUT, type Network } from '../../models/network.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { faultAt } from '../../schemas/errors.ts';
import type {
  ExplainCommand,
  Explanation,
  ExplanationService,
  ItemExplanation,
  ModelDescription,
  PredictCommand,
  Predicted,
} from '../../services/compute/explanation.ts';

/** An explanation service without networks: it answers with numbers that tests know, and keeps what it was asked. */
export interface FakeService extends ExplanationService {
  readonly commands: ExplainCommand[];
  readonly predictions: PredictCommand[];
  readonly signals: AbortSignal[];
  readonly exports: { method: string; options: Readonly<Record<string, unknown>> }[];
  readonly filterRequests: { model: string; version: string | undefined; layer: string }[];
  /** What `filters` answers for any layer but `nothing`. */
  weights: ArrayTensor;
  /** Runs in place of the fake answer. */
  instead: ((command: ExplainCommand, signal: AbortSignal) => Promise<Explanation>) | null;
  aliveError: Error | null;
}

const description: ModelDescription = {
  state: 'ready',
  reason: null,
  layers: [{ name: 'dense', type: 'dense', output_shape: [10], parameters: 7850 }],
  methods: [{ name: 'sensitivity', applies: true, reason: null }],
  composites: [{ name: 'epsilon', applies: true, reason: null }],
};

/** 784 pixels to ten scores. */
const network: Network = {
  id: 'id',
  inputShape: [1, 28, 28],
  layers: [
    { type: 'reshape', name: 'flatten', inputs: [NETWORK_INPUT], shape: [784] },
    {
      type: 'dense',
      name: 'dense',
      inputs: [0],
      shape: [10],
      weight: arrayTensor([10, 784], new Float32Array(7840)),
      bias: null,
    },
  ],
  output: 1,
  outputFunction: 'softmax',
};

export function fakeService(): FakeService {
  const service: FakeService = {
    commands: [],
    predictions: [],
    signals: [],
    exports: [],
    filterRequests: [],
    weights: arrayTensor(
      [2, 1, 3, 3],
      Float32Array.from({ length: 18 }, (_, i) => i - 9),
    ),
    instead: null,
    aliveError: null,
    explain: async (command, signal) => {
      service.commands.push(command);
      service.signals.push(signal);
      return service.instead === null ? fakeExplanation(command) : service.instead(command, signal);
    },
    predict: async (command, signal) => {
      service.predictions.push(command);
      service.signals.push(signal);
      return fakePrediction(command);
    },
    stateOf: () => ({ state: 'idle' }),
    describe: async () => description,
    exportOnnx: async (_model, method, options) => {
      service.exports.push({ method, options });
      return new Uint8Array([8, 9]);
    },
    filters: async ({ manifest: { name, version } }, layer) => {
      service.filterRequests.push({ model: name, version, layer });
      if (layer === 'nothing') throw faultAt('unknown-layer', '/layer', 'there is no layer "nothing"; there are conv');
      return service.weights;
    },
    networkOf: async () => network,
    decode: async () => arrayTensor([1, 1, 28, 28], new Float32Array(784)),
    retain: () => undefined,
    alive: async () => {
      if (service.aliveError !== null) throw service.aliveError;
    },
    close: async () => undefined,
  };
  return service;
}

/** Relevance of item n: n + i / 1000 at variable i of the first ten, 0 elsewhere. */
export function fakeExplanation({ model, method, options, input, picture }: ExplainCommand): Explanation {
  const shape = input.kind === 'tensor' ? input.tensor.shape : [1, 1, 28, 28];
  const [count = 1, ...inner] = shape;
  const size = sizeOf(inner);
  const data = Float32Array.from({ length: count * size }, (_, at) => {
    const i = at % size;
    return i < 10 ? Math.floor(at / size) + i / 1000 : 0;
  });
  const { name, version } = model.manifest;
  return {
    model: { name, version, sha256: '0'.repeat(64) },
    engine: 'fake/cpu',
    method,
    options,
    relevanceShape: shape,
    relevance: arrayTensor(shape, data),
    items: Array.from({ length: count }, (_, n) => fakeItem(n)),
    picture: picture ? { width: 28, height: 28, channels: 3, data: new Uint8Array(28 * 28 * 3) } : null,
    timing_ms: { decode: 1, queue: 2, compute: 3 },
    batch_size: count,
    cached: true,
  };
}

/** Item n: scores 5.5 + n and 0, values 0.9 and 0.1. */
export function fakePrediction({ model, input }: PredictCommand): Predicted {
  const [count = 1] = input.kind === 'tensor' ? input.tensor.shape : [1];
  const { name, version } = model.manifest;
  return {
    model: { name, version, sha256: '0'.repeat(64) },
    engine: 'fake/cpu',
    items: Array.from({ length: count }, (_, n) => {
      const { prediction, values } = fakeItem(n);
      return { prediction, values, scores: Float32Array.of(5.5 + n, 0) };
    }),
    timing_ms: { decode: 1, queue: 2, compute: 3 },
    batch_size: count,
    cached: true,
  };
}

function fakeItem(n: number): ItemExplanation {
  const output = { index: n, label: `straße ${n}`, score: 5.5 + n, probability: 0.9 };
  return {
    prediction: { ...output, top: [output] },
    values: [0.9, 0.1],
    target: { index: n, label: output.label, weights: null, unit: null, score: output.score },
    relevance: { sum: 0.045 + 10 * n, min: 0, max: n + 0.009 },
    conservation: { start: 5.5, input_sum: 0.045, error: -5.455, relative_error: 0.99, absorbed: null },
    note: null,
    layers: [{ name: 'dense', type: 'dense', rule: 'epsilon', relevance_sum: 5.5 }],
  };
}
