import type { Network } from '../../models/network.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { Composite } from '../../schemas/rules.ts';
import { firstLinear, globMatches, lastLinear, rulesByLayer } from '../../services/explanation/composites.ts';
import { chain, type LayerSketch, NetworkSketch, randomTensor } from './networks.ts';

const GEOMETRY = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
const RELU: LayerSketch = { type: 'activation', function: { name: 'relu' } };
const NONE = [0, 0, 0, 0] as const;
const POOL: LayerSketch = { type: 'avgPool2d', kernel: [2, 2], stride: [2, 2], padding: NONE, counted: NONE };
const AFFINE: LayerSketch = {
  type: 'affine',
  scale: arrayTensor([2], Float32Array.of(2, -1)),
  offset: arrayTensor([2], Float32Array.of(0, 1)),
};

function convolution(channels: number, outputs: number): LayerSketch {
  return { type: 'conv2d', weight: randomTensor([outputs, channels, 3, 3], 90), bias: null, ...GEOMETRY };
}

function dense(inputs: number, outputs: number): LayerSketch {
  return { type: 'dense', weight: randomTensor([outputs, inputs], 91), bias: null };
}

/** conv2d0, activation1, conv2d2, activation3, avgPool2d4, reshape5, dense6, activation7, dense8 */
const CNN = chain(
  [2, 4, 4],
  [
    convolution(2, 3),
    RELU,
    convolution(3, 2),
    RELU,
    POOL,
    { type: 'reshape', shape: [8] },
    dense(8, 4),
    RELU,
    dense(4, 3),
  ],
);

/** Two convolutions that read the input, one of them through an affine layer, and one behind both. */
const TWO_ROADS = (() => {
  const sketch = new NetworkSketch([2, 4, 4]);
  const left = sketch.add(convolution(2, 2), [-1]);
  const affine = sketch.add(AFFINE, [-1]);
  const right = sketch.add(convolution(2, 2), [affine]);
  const joined = sketch.add({ type: 'concat', axis: 0 }, [left, right]);
  sketch.add(convolution(4, 1), [joined]);
  sketch.flatten();
  sketch.add(dense(16, 2));
  return sketch.network();
})();

/** The rules by layer as short texts. */
function chosen(network: Network, composite: unknown, hasBox = true): Record<string, string> {
  const rules = rulesByLayer(network, Composite.parse(composite), hasBox);
  return Object.fromEntries(rules.map(({ name }, index) => [network.layers[index]?.name ?? '', name]));
}

function refused(network: Network, composite: unknown, hasBox = true): ElucidError {
  try {
    rulesByLayer(network, Composite.parse(composite), hasBox);
  } catch (error) {
    if (error instanceof ElucidError) return error;
    throw error;
  }
  throw new Error('the composite was not refused');
}

function entry(match: object, name: string, options: object = {}) {
  return { match, rule: { name, ...options } };
}

const EVERY_LINEAR = [entry({ type: 'dense' }, 'epsilon'), entry({ type: 'conv2d' }, 'z-plus')];

describe('the rule of a layer', () => {
  test('is that of the first entry that matches, else the usual one of its type', () => {
    expect(chosen(CNN, [entry({ name: 'conv2d0' }, 'flat'), ...EVERY_LINEAR, entry({ last: true }, 'flat')])).toEqual({
      conv2d0: 'flat',
      activation1: 'pass',
      conv2d2: 'z-plus',
      activation3: 'pass',
      avgPool2d4: 'norm',
      reshape5: 'pass',
      dense6: 'epsilon',
      activation7: 'pass',
      dense8: 'epsilon',
    });
  });

  test.each([
    ['a glob', { name: '*d?' }, ['conv2d0', 'conv2d2']],
    ['a type', { type: 'dense' }, ['dense6', 'dense8']],
    ['the first linear layer', { first: true }, ['conv2d0']],
    ['the last linear layer', { last: true }, ['dense8']],
    ['a range of indices', { from: 2, to: 6 }, ['conv2d2', 'dense6']],
    ['an open range', { from: 6 }, ['dense6', 'dense8']],
    ['all conditions together', { type: 'conv2d', from: 1 }, ['conv2d2']],
  ])('can be chosen by %s', (_by, match, layers) => {
    // What a range covers besides has a rule of its own.
    const usual = ['activation', 'reshape'].map((type) => entry({ type }, 'pass'));
    const composite = [...usual, entry({ type: 'avgPool2d' }, 'norm'), entry(match, 'w-square'), ...EVERY_LINEAR];
    const rules = Object.entries(chosen(CNN, composite));
    expect(rules.flatMap(([layer, rule]) => (rule === 'w-square' ? [layer] : []))).toEqual(layers);
  });

  test('a graph may have several first linear layers', () => {
    expect([...firstLinear(TWO_ROADS)]).toEqual([0, 2]);
    expect([...lastLinear(TWO_ROADS)]).toEqual([6]);
    const rules = chosen(TWO_ROADS, [entry({ first: true }, 'z-box'), ...EVERY_LINEAR]);
    expect(rules).toMatchObject({ conv2d0: 'z-box', conv2d2: 'z-box', conv2d4: 'z-plus', affine1: 'epsilon' });
  });
});

test.each([
  ['conv*', 'conv3', true],
  ['conv*', 'myconv3', false],
  ['*conv*', 'myconv3', true],
  ['conv?', 'conv', false],
  ['*', '', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['conv.', 'conv3', false],
  ['[a]', 'a', false],
])('the glob %s against the name %s: %s', (glob, name, matches) => {
  expect(globMatches(glob, name)).toBe(matches);
});

describe('presets', () => {
  test('deep-taylor takes z-box at the input where the model states a box, else w-square', () => {
    expect(chosen(CNN, 'deep-taylor')).toMatchObject({ conv2d0: 'z-box', conv2d2: 'z-plus', dense8: 'z-plus' });
    expect(chosen(CNN, 'deep-taylor', false)).toMatchObject({ conv2d0: 'w-square', conv2d2: 'z-plus' });
  });

  test('deep-taylor takes w-square where the box cannot be followed to a first linear layer', () => {
    const network = chain([2, 4, 4], [RELU, convolution(2, 2)]);
    expect(chosen(network, 'deep-taylor')).toMatchObject({ conv2d1: 'w-square' });
  });

  test('flat presets use it on convolutions only, for on a dense layer it would erase everything', () => {
    expect(chosen(CNN, 'epsilon-plus-flat')).toMatchObject({ conv2d0: 'flat', conv2d2: 'z-plus', dense6: 'epsilon' });
    const mlp = chain([4], [dense(4, 3)]);
    expect(chosen(mlp, 'epsilon-plus-flat')).toEqual({ dense0: 'epsilon' });
  });

  test('epsilon-gamma-box needs a box', () => {
    expect(chosen(CNN, 'epsilon-gamma-box')).toMatchObject({ conv2d0: 'z-box', conv2d2: 'gamma', dense6: 'epsilon' });
    expect(refused(CNN, 'epsilon-gamma-box', false)).toMatchObject({
      code: 'not-applicable',
      faults: [{ pointer: '/options/composite', detail: expect.stringContaining('layer 0 conv2d0 (conv2d)') }],
    });
  });
});

describe('a composite is refused', () => {
  test('where linear layers have no rule, naming all of them', () => {
    const error = refused(CNN, [entry({ name: 'conv2d0' }, 'flat')]);
    expect(error.code).toBe('not-applicable');
    expect(error.faults).toEqual(
      ['layer 2 conv2d2 (conv2d)', 'layer 6 dense6 (dense)', 'layer 8 dense8 (dense)'].map((layer) => ({
        pointer: '/options/composite',
        detail: `${layer}: no entry matches this linear layer`,
      })),
    );
    for (const { detail } of error.faults) expect(error.message).toContain(detail);
  });

  test('where a rule does not fit a layer, pointing at the entry', () => {
    const error = refused(CNN, [
      ...EVERY_LINEAR,
      entry({ name: 'activation*', to: 1 }, 'gamma'),
      entry({ from: 4, to: 4 }, 'flat'),
    ]);
    expect(error.faults).toEqual([
      {
        pointer: '/options/composite/2',
        detail: 'layer 1 activation1 (activation): rule gamma does not fit; allowed: pass',
      },
      {
        pointer: '/options/composite/3',
        detail: 'layer 4 avgPool2d4 (avgPool2d): rule flat does not fit; allowed: norm',
      },
    ]);
  });

  const boxed = (network: Network, options: object = {}, hasBox = true) =>
    refused(network, [entry({ type: 'conv2d' }, 'z-box', options), ...EVERY_LINEAR], hasBox).faults;
  const one = (network: Network, options: object = {}, hasBox = true) =>
    refused(network, [entry({ first: true }, 'z-box', options), ...EVERY_LINEAR], hasBox).faults;

  test('with z-box on a layer that is not a first one', () => {
    expect(boxed(CNN)).toEqual([
      { pointer: '/options/composite/0', detail: expect.stringMatching(/^layer 2 conv2d2 .*first linear layers/) },
    ]);
  });

  test('with z-box behind an activation', () => {
    const network = chain([2, 4, 4], [RELU, convolution(2, 2)]);
    expect(one(network)).toEqual([
      { pointer: '/options/composite/0', detail: expect.stringMatching(/^layer 1 conv2d1 .*cannot be followed/) },
    ]);
  });

  test('with z-box but no box', () => {
    expect(one(CNN, {}, false)[0]?.detail).toMatch(/^layer 0 conv2d0 .*needs low and high/);
  });

  test.each([
    ['low above high', { low: 1, high: 0 }, 'low must be below high (channel 0)'],
    ['low equal to high in a channel', { low: [0, 1], high: [1, 1] }, 'low must be below high (channel 1)'],
    ['too many numbers', { low: [0, 0, 0], high: 1 }, 'lists of 2 (one per channel), got 3'],
    ['too few numbers', { low: 0, high: [1] }, 'lists of 2 (one per channel), got 1'],
  ])('with z-box and %s', (_what, options, detail) => {
    expect(one(CNN, options)).toEqual([{ pointer: '/options/composite/0', detail: expect.stringContaining(detail) }]);
  });

  test.each([
    ['one of low and high', entry({ first: true }, 'z-box', { low: 0 })],
    ['α − β other than 1', entry({ type: 'dense' }, 'alpha-beta', { alpha: 2, beta: 2 })],
    ['a match without conditions', entry({}, 'epsilon')],
    ['an unknown rule', entry({ type: 'dense' }, 'magic')],
    ['an unknown option', entry({ type: 'dense' }, 'flat', { bias: 'zero' })],
    ['a negative ε', entry({ type: 'dense' }, 'epsilon', { epsilon: -1 })],
  ])('by its schema with %s', (_what, wrong) => {
    expect(Composite.safeParse([wrong]).success).toBe(false);
  });
});
