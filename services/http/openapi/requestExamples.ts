import { DIGIT } from '../explain/examples.ts';

type Values = Readonly<Record<string, unknown>>;

/** What stands in a path, a query or a header, by its name. */
const PARAMETERS: Values = {
  name: 'mnist-cnn',
  version: '1',
  layer: 'conv1',
  id: '01a20ab5-3a16-7000-8a1c-2f7a3b9e5d10',
  method: 'deep-taylor',
  prefer: 'wait=20',
  'idempotency-key': 'a-key-of-yours',
  state: 'succeeded',
  limit: 10,
  colormap: 'gray',
  normalise: 'all',
  size: 64,
  last_event_id: '1',
  'last-event-id': '1',
};

/** Where an operation wants something else. */
const PARAMETERS_OF: Readonly<Record<string, Values>> = {
  exportExplanation: { method: 'lrp', options: { composite: 'epsilon' } },
  v2ModelMetadata: { name: 'mnist-decoder' },
  v2ModelVersionMetadata: { name: 'mnist-decoder' },
  v2ModelReady: { name: 'mnist-decoder' },
  v2ModelVersionReady: { name: 'mnist-decoder' },
  v2ModelInfer: { name: 'mnist-decoder--gradient' },
  v2ModelVersionInfer: { name: 'mnist-decoder--gradient' },
  v2RepositoryLoad: { name: 'mnist-mlp' },
  v2RepositoryUnload: { name: 'mnist-mlp' },
};

const INSTANCES = { instances: [{ b64: DIGIT }] };
const INFERENCE = {
  id: '1',
  inputs: [{ name: 'input', shape: [1, 20], datatype: 'FP32', data: Array.from({ length: 20 }, () => 0.5) }],
  parameters: { target: 406 },
  outputs: [{ name: 'relevance' }],
};

/** JSON bodies, beside those of POST /explain and POST /prototype. */
const BODIES: Values = {
  v1Predict: INSTANCES,
  v1Explain: { ...INSTANCES, method: 'lrp', composite: 'epsilon' },
  v2ModelInfer: INFERENCE,
  v2ModelVersionInfer: INFERENCE,
  v2RepositoryIndex: { ready: true },
  v2RepositoryLoad: {},
  v2RepositoryUnload: { parameters: { unload_dependents: false } },
};

/** A value for a parameter of an operation; undefined where there is no example. */
export function parameterExample(operation: string, name: string): unknown {
  return PARAMETERS_OF[operation]?.[name] ?? PARAMETERS[name];
}

/** A body in JSON; undefined where there is no example. */
export function bodyExample(operation: string): unknown {
  return BODIES[operation];
}
