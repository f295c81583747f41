import { readFileSync } from 'node:fs';
import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { parseExplainJson } from '../../schemas/explain.ts';
import { METHOD_NAMES, METHOD_OPTIONS } from '../../schemas/methods.ts';
import { COMPOSITE_PRESETS, Rule } from '../../schemas/rules.ts';
import { outputsOfModel } from '../../services/compute/outputs.ts';
import { resolveTarget } from '../../services/compute/targets.ts';
import type { Plan } from '../../services/explanation/plan.ts';
import { layerIndex } from '../../services/explanation/targetNames.ts';
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

const MODEL = { labels: ['cat', 'dog', 'ship'] as readonly string[] } as RegisteredModel;

/** A documented example: a part of a request, or the options of `lrp` alone. */
function plan(example: object): Plan {
  const part = 'method' in example ? example : { method: 'lrp', options: example };
  const input = { tensor: { shape: [1, 8, 8], data: Array.from({ length: 64 }, () => 0.5) } };
  const { method, options, target, layer } = parseExplainJson({ model: 'model', input, ...part });
  const { unit } = resolveTarget(target, outputsOfModel(MODEL, NETWORK), NETWORK);
  const subject = { network: NETWORK, box: { low: 0, high: 1 }, mean: new Float32Array(64) };
  return planned(
    { ...subject, unit, layer: layer === undefined ? null : layerIndex(layer, NETWORK, '/layer') },
    method,
    options,
  );
}

test.each(EXAMPLES.map((example) => [JSON.stringify(example).slice(0, 60), example] as const))(
  'the documented example %s... plans an explanation',
  (_text, example) => {
    expect(() => plan(example).graphs()).not.toThrow();
  },
);

test('the documented costs are those of the plans', () => {
  const rows = (method: string, options: object) => plan({ method, options }).rowsPerItem;
  expect(rows('integrated-gradients', { steps: 10 })).toBe(12);
  expect(rows('integrated-gradients', { steps: 10, quadrature: 'trapezoid' })).toBe(13);
  expect(rows('smoothgrad', { n: 10 })).toBe(11);
  expect(rows('occlusion', { window: 8 })).toBe(2);
  expect(rows('taylor', { root: 'line' })).toBe(160);
});

test('every method, option, preset and rule is documented', () => {
  const options = METHOD_NAMES.flatMap((name) => Object.keys(METHOD_OPTIONS[name].shape));
  const rules = Rule.options.flatMap((rule) => [rule.shape.name.value, ...Object.keys(rule.shape).slice(1)]);
  const missing = [...METHOD_NAMES, ...COMPOSITE_PRESETS, ...options, ...rules].filter(
    (name) => !DOCUMENT.includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
});
