/** What answers clients, by whatever protocol, may use all of these. */
const BELOW_ANSWERS = [
  'schemas',
  'access',
  'models',
  'tensors',
  'engine',
  'explanation',
  'prototype',
  'ingestion',
  'rendering',
  'compute',
  'jobs',
  'files',
];

/**
 * The import order of the project: a layer may import the layers below it, never one above or beside it.
 * `within` are path prefixes; every layer may import itself and all `below`.
 */
const layers = {
  schemas: { within: ['schemas'], below: [] },
  tensors: { within: ['models/tensors'], below: ['schemas'] },
  models: { within: ['models'], below: ['schemas', 'tensors'] },
  engine: { within: ['services/engine'], below: ['tensors'] },
  explanation: { within: ['services/explanation'], below: ['schemas', 'models', 'tensors', 'engine'] },
  prototype: {
    within: ['services/prototype'],
    below: ['schemas', 'models', 'tensors', 'engine', 'explanation'],
  },
  access: { within: ['services/access'], below: ['schemas'] },
  files: { within: ['services/files'], below: ['schemas', 'access', 'tensors'] },
  ingestion: { within: ['services/ingestion'], below: ['schemas', 'models', 'tensors'] },
  rendering: { within: ['services/rendering'], below: ['schemas', 'models', 'tensors'] },
  compute: {
    within: ['services/compute'],
    below: ['schemas', 'models', 'tensors', 'engine', 'explanation', 'prototype', 'ingestion', 'rendering'],
  },
  jobs: {
    within: ['services/jobs'],
    below: [
      'schemas',
      'access',
      'models',
      'tensors',
      'engine',
      'explanation',
      'prototype',
      'ingestion',
      'rendering',
      'compute',
    ],
  },
  answers: { within: ['services/answers'], below: [...BELOW_ANSWERS] },
  http: { within: ['services/http'], below: [...BELOW_ANSWERS, 'answers'] },
  graphql: { within: ['services/graphql'], below: [...BELOW_ANSWERS, 'answers'] },
};

const forbidden = Object.entries(layers).map(([name, { within, below }]) => ({
  name: `import-order-${name}`,
  comment: `${within.join(', ')} may import only: ${[...within, ...below].join(', ')}`,
  severity: 'error',
  from: { path: `^(${within.join('|')})/`, ...(name === 'models' ? { pathNot: '^models/tensors/' } : {}) },
  to: {
    path: '^(schemas|models|services|training|bench|test)/',
    pathNot: `^(${[...within, ...below.flatMap((layer) => layers[layer].within)].join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    ...forbidden,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: '^(schemas|models|services)/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@tensorflow/tfjs-node-gpu' },
    },
    {
      name: 'not-to-training',
      comment: 'training, bench and test are not part of what runs',
      severity: 'error',
      from: { path: '^(schemas|models|services)/' },
      to: { path: '^(training|bench|test)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
