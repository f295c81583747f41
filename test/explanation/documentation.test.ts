import { readFileSync } from 'node:fs';
import type { Network } from '../../models/network.ts';
import { METHOD_NAMES, METHOD_OPTIONS } from '../../schemas/methods.ts';
import { COMPOSITE_PRESETS, Rule } from '../../schemas/rules.ts';
import { planned } from './explainRows.ts';
import { chain, type LayerSketch, randomTensor } from './networks.ts';

const DOCUMENT = readFileSync(new URL('../../docs/explanations.md', import.meta.url), 'utf8');
const EXAMPLES = [...DOCUMENT.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json));

/** Layers with the names that the examples speak of. */
const NETWORK: Network = (() => {
  const none = [0, 0, 0, 0] as const;
  const convolution = (channels: number): LayerSketch => ({
    type: 'conv2d',
    weight: randomTensor([2, channels, 3, 3], 95),
    bias: randomTensor([2], 96),
    stride: [1, 1],
    padding: none,
    dilation: [1, 1],
    groups: 1,
  });
  const network = chain(
    [1, 8, 8],
    [
      convolution(1),
      convolution(2),
      { type: 'avgPool2d', kernel: [2, 2], stride: [2, 2], padding: none, counted: none },
      { type: 'reshape', shape: [8] },
      { type: 'dense', weight: randomTensor([4, 8], 97), bias: null },
      { type: 'dense', weight: randomTensor([3, 4], 98), bias: null },
    ],
  );
  const names = ['conv1', 'conv2', 'pool1', 'flatten', 'dense1', 'dense2'];
  return { ...network, layers: network.layers.map((layer, i) => ({ ...layer, name: names[i] ?? '' })) };
})();

test.each(EXAMPLES.map((options) => [JSON.stringify(options).slice(0, 60), options] as const))(
  'the documented options %s... plan an explanation',
  (_text, options) => {
    expect(() => planned({ network: NETWORK, box: { low: 0, high: 1 } }, 'lrp', options).graphs()).not.toThrow();
  },
);

test('every method, option, preset and rule is documented', () => {
  const options = METHOD_NAMES.flatMap((name) => Object.keys(METHOD_OPTIONS[name].shape));
  const rules = Rule.options.flatMap((rule) => [rule.shape.name.value, ...Object.keys(rule.shape).slice(1)]);
  const missing = [...METHOD_NAMES, ...COMPOSITE_PRESETS, ...options, ...rules].filter(
    (name) => !DOCUMENT.includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
});
