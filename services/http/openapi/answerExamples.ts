type Answers = Readonly<Record<string, unknown>>;

/** What operations answer, as JSON by status; long lists are cut. They were seen, and a test sees them again. */
const ANSWERS: Readonly<Record<string, Answers>> = {
  uploadImage: {
    '201': {
      imageId: 'gv2u-JRsPBD8-VmolNQ5dSFDLlMrxNc6',
      sha256: '70412921e12007373b1a7ed06837c0c78ec3e10140bd6ea44fceb4c523ca092a',
      bytes: 285,
      media_type: 'image/png',
      expires: '2026-11-24T00:50:52.000Z',
    },
  },
  welcome: {
    '200': {
      name: 'elucid',
      status: 'alive',
      version: '0.1.0',
      documentation: '/docs',
      openapi: '/openapi.json',
      endpoints: ['POST /explain', 'GET /models', 'GET /models/{name}', 'GET /models/{name}/explanation.onnx'],
    },
  },
  listModels: {
    '200': {
      models: [
        {
          name: 'mnist-cnn',
          version: '1',
          title: 'MNIST digits, convolutional network of six layers',
          state: 'ready',
          reason: null,
          format: 'tfjs',
          input: {
            kind: 'image',
            shape: [1, 28, 28],
          },
          outputs: {
            kind: 'classification',
            labels: 10,
          },
          companions: ['density'],
          metrics: {
            test_accuracy: 0.9951,
            measured_by: 'npm run train -- mnist-cnn',
          },
        },
      ],
    },
  },
  describeModel: {
    '200': {
      name: 'mnist-cnn',
      version: '1',
      versions: ['1'],
      state: 'ready',
      reason: null,
      sha256: '83b2846842af9ece262a6d55190eaea5146ce5e57d3b0ea483cfddfb5ad224f8',
      manifest: {
        name: 'mnist-cnn',
        version: '1',
        title: 'MNIST digits, convolutional network of six layers',
        licence: 'Apache-2.0',
        source: 'training/recipes/mnist-cnn.ts, trained on MNIST (LeCun, Cortes, Burges)',
        format: 'tfjs',
        files: {
          definition: {
            path: 'model.json',
            sha256: '9eba378bfbdc185e8087c613f35f3058e88e07a57dd9743dbf63791e597441ec',
          },
          weights: [
            {
              path: 'weights.bin',
              sha256: '83b2846842af9ece262a6d55190eaea5146ce5e57d3b0ea483cfddfb5ad224f8',
            },
          ],
        },
        input: {
          kind: 'image',
          shape: [1, 28, 28],
          preprocessing: {
            colour: 'gray',
            resize: 28,
            crop: 'centre',
            fit: 'short-side',
            filter: 'linear',
            scale: 0.00392156862745098,
            mean: [0],
            std: [1],
            invert: false,
          },
          box: [0, 1],
        },
        output: {
          kind: 'classification',
          layer: 'output',
          labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
        },
        companions: {
          density: 'mnist-rbm',
          generator: 'mnist-decoder',
          classMeans: 'means.npy',
        },
        metrics: {
          test_accuracy: 0.9951,
          measured_by: 'npm run train -- mnist-cnn',
        },
      },
      layers: [
        {
          name: 'conv1',
          type: 'conv2d',
          output_shape: [10, 26, 26],
          parameters: 100,
        },
        {
          name: 'conv1/activation',
          type: 'activation',
          output_shape: [10, 26, 26],
          parameters: 0,
        },
      ],
      methods: [
        {
          name: 'deep-taylor',
          applies: true,
          reason: null,
        },
        {
          name: 'sensitivity',
          applies: true,
          reason: null,
        },
      ],
      composites: [
        {
          name: 'deep-taylor',
          applies: true,
          reason: null,
        },
        {
          name: 'epsilon',
          applies: true,
          reason: null,
        },
      ],
      variants: [
        {
          name: 'simple',
          applies: true,
          reason: null,
        },
        {
          name: 'density',
          applies: true,
          reason: null,
        },
      ],
    },
  },
  listMethods: {
    '200': {
      methods: [
        {
          name: 'deep-taylor',
          title: 'Deep Taylor decomposition',
          summary:
            'Passes the score down layer by layer as the first-order Taylor expansion of each unit at a root point: positive contributions in hidden layers (z-plus), the legal box of the pixels at the input (z-box).',
          source:
            'G. Montavon, S. Lapuschkin, A. Binder, W. Samek, K.-R. Müller: Explaining nonlinear classification decisions with deep Taylor decomposition. Pattern Recognition 65 (2017) 211–222',
          default: true,
          options: {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            type: 'object',
            properties: {
              start: {
                default: 'score',
                description: 'Relevance put in at the target: its score, or 1 (times its weight, for weighted targets)',
                type: 'string',
                enum: ['score', 'one'],
              },
              stabiliser: {
                default: 1e-6,
                description: 'ε of every denominator',
                type: 'number',
                minimum: 1e-30,
                maximum: 1e30,
              },
            },
            additionalProperties: false,
          },
        },
      ],
      composites: ['deep-taylor', 'epsilon'],
    },
  },
  reloadModels: {
    '200': {
      added: [],
      changed: [],
      removed: [],
      unchanged: [
        {
          name: 'mnist-cnn',
          version: '1',
        },
      ],
      failed: [],
    },
  },
  createPrototype: {
    '202': {
      id: '01a20ab5-481f-7000-8ea4-dac08a1aa1e4',
      kind: 'prototype',
      state: 'queued',
      progress: {
        step: 0,
        steps: 0,
        objective: null,
        eta_ms: null,
      },
      created: '2026-11-23T23:19:42.367Z',
      started: null,
      finished: null,
      expires: null,
      error: null,
    },
    '200': {
      id: '01a20ab5-481f-7000-8ea4-dac08a1aa1e4',
      model: {
        name: 'mnist-cnn',
        version: '1',
        sha256: '83b2846842af9ece262a6d55190eaea5146ce5e57d3b0ea483cfddfb5ad224f8',
      },
      engine: 'onnx/cpu',
      variant: 'simple',
      options: {
        variant: 'simple',
        objective: 'log-probability',
        init: 'mean',
        regularisers: {
          l2: 0.00191327,
          totalVariation: 0.00191327,
          blur: null,
          jitter: 0,
          clipNorm: 0,
          clipContribution: 0,
        },
        densityWeight: null,
        optimiser: {
          name: 'adam',
          learningRate: 0.05,
          finalLearningRate: 0.005,
        },
        steps: 20,
        tolerance: 0.0001,
        seed: 0,
        count: 1,
        diversity: {
          weight: 0,
          layer: null,
        },
      },
      prototypes: [
        {
          target: {
            index: 3,
            label: '3',
            unit: null,
          },
          copy: 0,
          objective: -0.0843989,
          terms: {
            logit: 10.0403,
            log_probability: -0.00128139,
            l2: 16.7509,
            total_variation: 26.6918,
          },
          probability: 0.998719,
          steps: 20,
          converged: false,
          image: 'iVBORw0KGgo=',
        },
      ],
      timing_ms: {
        compute: 44.007,
      },
    },
  },
  getJob: {
    '200': {
      id: '01a20ab5-481f-7000-8ea4-dac08a1aa1e4',
      kind: 'prototype',
      state: 'succeeded',
      progress: {
        step: 1,
        steps: 20,
        objective: -2.50681,
        eta_ms: null,
      },
      created: '2026-11-23T23:19:42.367Z',
      started: '2026-11-23T23:19:42.371Z',
      finished: '2026-11-23T23:19:42.421Z',
      expires: '2026-11-24T00:19:42.421Z',
      error: null,
    },
  },
  listJobs: {
    '200': {
      jobs: [
        {
          id: '01a20ab5-481f-7000-8ea4-dac08a1aa1e4',
          kind: 'prototype',
          state: 'succeeded',
          progress: {
            step: 1,
            steps: 20,
            objective: -2.50681,
            eta_ms: null,
          },
          created: '2026-11-23T23:19:42.367Z',
          started: '2026-11-23T23:19:42.371Z',
          finished: '2026-11-23T23:19:42.421Z',
          expires: '2026-11-24T00:19:42.421Z',
          error: null,
        },
      ],
      next: null,
    },
  },
  explain: {
    '200': {
      id: '01a20ab5-53f2-7844-99d9-51c7f7b91a90',
      model: {
        name: 'mnist-cnn',
        version: '1',
        sha256: '83b2846842af9ece262a6d55190eaea5146ce5e57d3b0ea483cfddfb5ad224f8',
      },
      engine: 'onnx/cpu',
      method: 'deep-taylor',
      options: {
        start: 'score',
        stabiliser: 1e-6,
      },
      prediction: {
        index: 3,
        label: '3',
        score: 23.4721,
        probability: 1.0,
        top: [
          {
            index: 3,
            label: '3',
            score: 23.4721,
            probability: 1.0,
          },
          {
            index: 5,
            label: '5',
            score: 4.59728,
            probability: 6.34978e-9,
          },
        ],
      },
      target: {
        index: 3,
        label: '3',
        weights: null,
        unit: null,
        score: 23.4721,
      },
      relevance: {
        shape: [1, 28, 28],
        sum: 23.472,
        min: 0,
        max: 0.235432,
      },
      conservation: {
        start: 23.4721,
        input_sum: 23.472,
        error: -8.40588e-5,
        relative_error: 3.58122e-6,
        absorbed: {
          bias: 0,
          stabiliser: 8.42623e-5,
          dead: 0,
          dropped: 0,
        },
      },
      note: null,
      timing_ms: {
        decode: 4.42,
        queue: 0.059,
        compute: 2.553,
        render: 0.007,
        total: 14.01,
      },
      batch_size: 1,
      cached: true,
    },
    '202': {
      id: '01a20ab5-5405-7000-b6e8-09bef0f44e35',
      kind: 'explanation',
      state: 'queued',
      progress: {
        step: 0,
        steps: 0,
        objective: null,
        eta_ms: null,
      },
      created: '2026-11-23T23:19:45.413Z',
      started: null,
      finished: null,
      expires: null,
      error: null,
    },
  },
  cancelJob: {
    '202': {
      id: '01a20ab5-540f-7000-b5bc-f14ef3534b1d',
      kind: 'prototype',
      state: 'cancelled',
      progress: {
        step: 281,
        steps: 5000,
        objective: -0.016675547359283175,
        eta_ms: 15164,
      },
      created: '2026-11-23T23:19:45.423Z',
      started: '2026-11-23T23:19:45.434Z',
      finished: '2026-11-23T23:19:46.436Z',
      expires: '2026-11-24T00:19:46.436Z',
      error: null,
    },
  },
  v1ListModels: {
    '200': {
      models: ['mnist-cnn', 'mnist-decoder', 'mnist-mlp', 'mnist-rbm'],
    },
  },
  v1ModelReady: {
    '200': {
      name: 'mnist-cnn',
      ready: true,
    },
  },
  v1Predict: {
    '200': {
      predictions: [
        [
          5.27712e-18, 8.6593e-12, 4.19674e-11, 1.0, 5.89364e-17, 6.34978e-9, 2.54136e-17, 3.18674e-12, 1.40817e-10,
          2.26794e-10,
        ],
      ],
    },
  },
  v1Explain: {
    '200': {
      predictions: [
        [
          5.277117605119147e-18, 8.65929713375018e-12, 4.1967355719586274e-11, 0.9999999932287977, 5.89364239242816e-17,
          6.349777980403102e-9, 2.54135938795563e-17, 3.18673963874895e-12, 1.4081726575961007e-10,
          2.2679350345362227e-10,
        ],
      ],
      explanations: [
        {
          method: 'lrp',
          relevance: [
            [
              [0, 0.0126],
              [-0.0037, 0],
            ],
          ],
          prediction: {
            index: 3,
            label: '3',
            score: 23.472126007080078,
            probability: 0.9999999932287977,
            top: [
              {
                index: 3,
                label: '3',
                score: 23.472126007080078,
                probability: 0.9999999932287977,
              },
              {
                index: 5,
                label: '5',
                score: 4.597280025482178,
                probability: 6.349777980403102e-9,
              },
            ],
          },
          target: {
            index: 3,
            label: '3',
            weights: null,
            unit: null,
            score: 23.472126007080078,
          },
          conservation: {
            start: 23.472126007080078,
            input_sum: 24.103186029635253,
            error: 0.6310600225551752,
            relative_error: 0.02688550761719768,
            absorbed: {
              bias: -0.6311488747596741,
              stabiliser: 8.930811600293964e-5,
              dead: 0,
              dropped: 0,
            },
          },
          note: null,
        },
      ],
    },
  },
  v2ServerMetadata: {
    '200': {
      name: 'elucid',
      version: '0.1.0',
      extensions: ['binary_tensor_data', 'model_repository'],
    },
  },
  v2Live: {
    '200': {
      live: true,
    },
  },
  v2Ready: {
    '200': {
      live: true,
      ready: true,
    },
  },
  v2ModelMetadata: {
    '200': {
      name: 'mnist-decoder',
      versions: ['1'],
      platform: 'tensorflow_tfjs',
      inputs: [
        {
          name: 'input',
          datatype: 'FP32',
          shape: [-1, 20],
        },
      ],
      outputs: [
        {
          name: 'prediction',
          datatype: 'FP32',
          shape: [-1, 784],
        },
        {
          name: 'scores',
          datatype: 'FP32',
          shape: [-1, 784],
        },
      ],
    },
  },
  v2ModelReady: {
    '200': {
      name: 'mnist-decoder',
      ready: true,
    },
  },
  live: {
    '200': {
      status: 'live',
    },
  },
  ready: {
    '200': {
      status: 'ready',
    },
  },
  v2ModelInfer: {
    '200': {
      model_name: 'mnist-decoder--gradient',
      model_version: '1',
      id: '1',
      outputs: [
        {
          name: 'relevance',
          datatype: 'FP32',
          shape: [1, 20],
          data: [
            -0.000840036, -0.194812, -0.0113087, -0.0234786, 0.175551, -0.0313375, 0.135205, 0.00716997, 0.224926,
            0.0250815, 0.0126218, -0.0770988, -0.216258, 0.0370641, 0.291756, -0.400183, 0.0642876, 0.216414, -0.124504,
            0.152375,
          ],
        },
      ],
    },
  },
  v2RepositoryIndex: {
    '200': [
      {
        name: 'mnist-cnn',
        version: '1',
        state: 'READY',
        reason: '',
      },
      {
        name: 'mnist-decoder',
        version: '1',
        state: 'READY',
        reason: '',
      },
    ],
  },
  v2RepositoryLoad: {
    '200': {
      name: 'mnist-mlp',
      load: true,
    },
  },
  v2RepositoryUnload: {
    '200': {
      name: 'mnist-mlp',
      unload: true,
    },
  },
  torchservePredict: {
    '200': {
      '3': 1.0,
      '5': 6.34978e-9,
      '9': 2.26794e-10,
      '8': 1.40817e-10,
      '2': 4.19674e-11,
    },
  },
  torchserveExplain: {
    '200': [
      [
        [
          [0, 0.0126],
          [-0.0037, 0],
        ],
      ],
    ],
  },
};

/** Operations that answer as another one. */
const SAME: Readonly<Record<string, string>> = {
  getJobResult: 'createPrototype',
  v2ModelVersionMetadata: 'v2ModelMetadata',
  v2ModelVersionReady: 'v2ModelReady',
  v2ModelVersionInfer: 'v2ModelInfer',
  torchservePredictVersion: 'torchservePredict',
  torchserveExplainVersion: 'torchserveExplain',
};

/** The JSON that an operation answers with a status; undefined where there is no example. */
export function answerExample(operation: string, status: string): unknown {
  const name = operation.replace(/ByPut$/, '');
  return ANSWERS[SAME[name] ?? name]?.[status];
}
