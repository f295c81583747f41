import type { Network } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { checkCompanions } from '../../services/prototype/companions.ts';
import { planPrototype } from '../../services/prototype/planPrototype.ts';
import type { PrototypeSubject } from '../../services/prototype/subject.ts';
import {
  GENERATOR,
  LARGER_SUBJECT,
  optionsOf,
  RECTIFIED_SUBJECT,
  REGRESSION_SUBJECT,
  rbm,
  SMOOTH_SUBJECT,
  VECTOR_SUBJECT,
} from './subjects.ts';

function refusal(subject: PrototypeSubject, request: Record<string, unknown>): ElucidError {
  try {
    planPrototype(subject, optionsOf(request));
  } catch (error) {
    if (error instanceof ElucidError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

const BARE = { ...SMOOTH_SUBJECT, density: null, generator: null, codeRange: null, classMeans: null };
const UNSTRIPPED = { ...BARE, network: { ...BARE.network, outputFunction: 'none' as const } };
const UNIT = { layer: 'conv2d0', channel: 0 };

test.each([
  ['an unknown label', SMOOTH_SUBJECT, { target: 'bird' }, '/target', /"bird" is unknown; allowed: "all".*"cat"/],
  ['an index out of range', SMOOTH_SUBJECT, { target: 3 }, '/target', /from 0 to 2; received 3/],
  [
    'an unknown layer',
    SMOOTH_SUBJECT,
    { target: { layer: 'x', channel: 0 } },
    '/target/layer',
    /"x" is unknown.*conv2d0/,
  ],
  [
    'a channel out of range',
    SMOOTH_SUBJECT,
    { target: { ...UNIT, channel: 3 } },
    '/target/channel',
    /from 0 to 2; received 3/,
  ],
  [
    'a position out of range',
    SMOOTH_SUBJECT,
    { target: { ...UNIT, position: [4, 0] } },
    '/target/position',
    /up to \[3, 3\]; received \[4, 0\]/,
  ],
  [
    'a probability of a hidden unit',
    SMOOTH_SUBJECT,
    { target: UNIT, objective: 'log-probability' },
    '/objective',
    /hidden unit; allowed: value, -value/,
  ],
  ['a logit of a hidden unit', SMOOTH_SUBJECT, { target: UNIT, objective: 'logit' }, '/objective', /hidden unit/],
  [
    'a probability of a regression',
    REGRESSION_SUBJECT,
    { objective: 'log-probability' },
    '/objective',
    /regression; allowed: value, -value/,
  ],
  [
    'a probability where there is none',
    UNSTRIPPED,
    { objective: 'log-probability' },
    '/objective',
    /no probabilities; allowed: logit/,
  ],
  [
    'l-bfgs with jitter',
    SMOOTH_SUBJECT,
    { optimiser: { name: 'l-bfgs' }, regularisers: { jitter: 1 } },
    '/optimiser/name',
    /regularisers\.jitter; allowed: adam, momentum/,
  ],
  [
    'l-bfgs with blur',
    SMOOTH_SUBJECT,
    { optimiser: { name: 'l-bfgs' }, regularisers: { blur: {} } },
    '/optimiser/name',
    /regularisers\.blur/,
  ],
  [
    'l-bfgs with clipping',
    SMOOTH_SUBJECT,
    { optimiser: { name: 'l-bfgs' }, regularisers: { clipNorm: 1, clipContribution: 2 } },
    '/optimiser/name',
    /clipNorm, regularisers\.clipContribution/,
  ],
  [
    'l-bfgs with diversity',
    SMOOTH_SUBJECT,
    { optimiser: { name: 'l-bfgs' }, count: 2, diversity: { weight: 1 } },
    '/optimiser/name',
    /diversity/,
  ],
  [
    'adam for dgn-am',
    SMOOTH_SUBJECT,
    { variant: 'dgn-am', optimiser: { name: 'adam' } },
    '/optimiser/name',
    /must be momentum.*received adam/,
  ],
  ['l2 for dgn-am', SMOOTH_SUBJECT, { variant: 'dgn-am', regularisers: { l2: 1 } }, '/regularisers/l2', /decay/],
  [
    'blur of a code',
    SMOOTH_SUBJECT,
    { variant: 'generator', regularisers: { blur: {} } },
    '/regularisers/blur',
    /searches a code/,
  ],
  [
    'total variation of a vector',
    VECTOR_SUBJECT,
    { regularisers: { totalVariation: 1 } },
    '/regularisers/totalVariation',
    /neighbours.*\[7\]/,
  ],
  [
    'jitter of a vector',
    VECTOR_SUBJECT,
    { regularisers: { jitter: 1 } },
    '/regularisers/jitter',
    /\[channels, height, width\]/,
  ],
  [
    'jitter past the border',
    SMOOTH_SUBJECT,
    { regularisers: { jitter: 4 } },
    '/regularisers/jitter',
    /less than.*4×4; received 4/,
  ],
  [
    'a weight of a density that is not asked for',
    SMOOTH_SUBJECT,
    { densityWeight: 1 },
    '/densityWeight',
    /variant density; received with simple/,
  ],
  [
    'a picture of another shape',
    SMOOTH_SUBJECT,
    { init: { tensor: { shape: [2], data: [1, 2] } } },
    '/init/tensor/shape',
    /\[2, 4, 4\]; received \[2\]/,
  ],
  ['class means for a hidden unit', SMOOTH_SUBJECT, { target: UNIT, init: 'class-mean' }, '/init', /output/],
  [
    'an unknown layer of diversity',
    SMOOTH_SUBJECT,
    { count: 2, diversity: { weight: 1, layer: 'x' } },
    '/diversity/layer',
    /"x" is unknown/,
  ],
] as const)('%s is refused at its place', (_title, subject, request, pointer, detail) => {
  const { code, faults, message } = refusal(subject, request);
  expect([code, faults[0]?.pointer]).toEqual(['invalid', pointer]);
  expect(message).toMatch(detail);
});

test.each([
  ['density', /companions\.density/],
  ['generator', /companions\.generator/],
  ['dgn-am', /companions\.generator and companions\.codeRange/],
])('the variant %s is not applicable without its companion', (variant, detail) => {
  const { code, message, faults } = refusal(BARE, { variant });
  expect([code, faults[0]?.pointer]).toEqual(['not-applicable', '/variant']);
  expect(message).toMatch(detail);
});

test('class means that a model does not have are not applicable; the mean is then zero', () => {
  const { code, message } = refusal(BARE, { init: 'class-mean' });
  expect(code).toBe('not-applicable');
  expect(message).toMatch(/companions\.classMeans of the manifest of smooth/);
  expect(planPrototype(BARE, optionsOf({ init: 'mean' })).options.init).toBe('mean');
  const density = { variant: 'density' };
  expect(planPrototype(SMOOTH_SUBJECT, optionsOf(density)).options.init).toBe('class-mean');
  expect(planPrototype(SMOOTH_SUBJECT, optionsOf({ ...density, target: UNIT })).options.init).toBe('mean');
  expect(planPrototype({ ...SMOOTH_SUBJECT, classMeans: null }, optionsOf(density)).options.init).toBe('mean');
});

test('more prototypes than memory is good for are refused with the count', () => {
  const many = { ...RECTIFIED_SUBJECT, network: { ...RECTIFIED_SUBJECT.network } };
  expect(planPrototype(many, optionsOf({ target: 'all', count: 64 })).rows).toBe(192);
  const wide = { ...VECTOR_SUBJECT, network: wideOutput(1025) };
  const { faults, message } = refusal({ ...wide, labels: null, classMeans: null }, { target: 'all' });
  expect(faults[0]?.pointer).toBe('/target');
  expect(message).toMatch(/1025 targets.*at most 1024/);
});

test('what counts is the larger of pictures and codes, and how much the optimiser remembers', () => {
  const inputShape = [2, 512, 512];
  const { network } = SMOOTH_SUBJECT;
  const generator = { name: 'generator', network: largeOutput(GENERATOR, [sizeOf(inputShape)]) };
  const large = { ...SMOOTH_SUBJECT, network: { ...network, inputShape }, generator, density: null, classMeans: null };
  const most = [
    [{ variant: 'generator' }, 16],
    [{ variant: 'simple' }, 16],
    [{ variant: 'simple', optimiser: { name: 'l-bfgs' } }, 4],
  ] as const;
  for (const [request, count] of most) {
    expect(planPrototype(large, optionsOf({ ...request, count })).rows).toBe(count);
    const { faults, message } = refusal(large, { ...request, count: count + 1 });
    expect(faults[0]?.pointer).toBe('/count');
    expect(message).toContain(`at most ${count} of 524288 values`);
  }
});

function wideOutput(outputs: number): Network {
  return largeOutput(VECTOR_SUBJECT.network, [outputs]);
}

function largeOutput(network: Network, shape: readonly number[]): Network {
  const layers = network.layers.map((layer, index) => (index === network.output ? { ...layer, shape } : layer));
  return { ...network, layers };
}

describe('companions', () => {
  const density = SMOOTH_SUBJECT.density ?? { name: '', network: SMOOTH_SUBJECT.network, box: null };
  const generator = SMOOTH_SUBJECT.generator ?? { name: '', network: SMOOTH_SUBJECT.network };

  test('of other variants need not be there', () => {
    expect(() => checkCompanions({ ...SMOOTH_SUBJECT, density: null, generator: null })).not.toThrow();
  });

  test('that fit are taken: flat inputs of an expert, larger pictures of a generator', () => {
    expect(() => checkCompanions(SMOOTH_SUBJECT)).not.toThrow();
    expect(() => checkCompanions(LARGER_SUBJECT)).not.toThrow();
    const size = sizeOf(SMOOTH_SUBJECT.network.inputShape);
    expect(() =>
      checkCompanions({ ...SMOOTH_SUBJECT, density: { ...density, network: rbm([size], 1) } }),
    ).not.toThrow();
  });

  test.each([
    [
      'an expert of another input',
      { density: { ...density, network: rbm([7], 1) } },
      /companions\.density of smooth: expert takes inputs \[7\], not \[2, 4, 4\] or \[32\]/,
    ],
    [
      'an expert of several numbers',
      { density: { ...density, network: SMOOTH_SUBJECT.network } },
      /one real number.*a softmax of \[3\]/,
    ],
    [
      'an expert of another box',
      { density: { ...density, box: { low: 0, high: 1 } } },
      /0 to 1 at element 0, the model has -1 to 1/,
    ],
    [
      'a generator that is too small',
      { generator: { ...generator, network: rbm([3], 1) } },
      /companions\.generator of smooth: generator gives \[1\]; allowed is \[2, 4, 4\]/,
    ],
    [
      'a generator that is a classification',
      { generator: { ...generator, network: { ...generator.network, outputFunction: 'sigmoid' as const } } },
      /a sigmoid of \[32\]; a generator is a regression/,
    ],
    [
      'a range of another code',
      { codeRange: Float32Array.of(0, 1) },
      /companions\.codeRange of smooth: holds 2 values.*3 units/,
    ],
    ['a range upside down', { codeRange: Float32Array.of(0, 1, 2, 1, 0, 1) }, /unit 1 has the range 2 to 1/],
    ['class means of another shape', { classMeans: new Float32Array(33) }, /classMeans of smooth: holds 33 values/],
  ] as const)('%s: the error names the field, what was found and what is needed', (_title, change, detail) => {
    const check = () => checkCompanions({ ...SMOOTH_SUBJECT, ...change });
    expect(check).toThrow(detail);
    expect(check).toThrow(expect.objectContaining({ code: 'model-failed' }));
  });
});

describe('the key of the graphs', () => {
  const keyOf = (request: Record<string, unknown>) => planPrototype(SMOOTH_SUBJECT, optionsOf(request)).key;

  test('does not hold the numbers that a client chooses', () => {
    const plain = keyOf({});
    const numbers = {
      regularisers: { l2: 0.123, totalVariation: 7 },
      steps: 7,
      seed: 9,
      count: 4,
      target: 'dog',
      tolerance: 0,
    };
    expect(keyOf(numbers)).toBe(plain);
    expect(keyOf({ init: 'noise', optimiser: { name: 'momentum', learningRate: 3 } })).toBe(plain);
    expect(keyOf({ variant: 'density', densityWeight: 3 })).toBe(keyOf({ variant: 'density', densityWeight: 4 }));
    expect(keyOf({ regularisers: { jitter: 3 } })).toBe(keyOf({ regularisers: { jitter: 3, blur: {} } }));
  });

  test('differs where the graphs do', () => {
    const requests = [
      {},
      { regularisers: { l2: 0 } },
      { regularisers: { jitter: 1 } },
      { objective: 'logit' },
      { objective: '-value' },
      { target: UNIT },
      { variant: 'density', densityWeight: 1 },
      { variant: 'generator' },
      { variant: 'dgn-am' },
      { count: 2, diversity: { weight: 1 } },
      { count: 2, diversity: { weight: 1, layer: 'conv2d0' } },
    ];
    expect(new Set(requests.map(keyOf)).size).toBe(requests.length);
  });
});
