import { readFileSync } from 'node:fs';
import { OBJECTIVES, PROTOTYPE_VARIANTS, prototypeSchema } from '../../schemas/prototype.ts';
import { DEFAULTS } from '../../services/prototype/defaults.ts';
import { planPrototype } from '../../services/prototype/planPrototype.ts';
import type { PrototypeSubject } from '../../services/prototype/subject.ts';
import { optionsOf, SMOOTH_SUBJECT } from './subjects.ts';

const DOCUMENT = readFileSync(new URL('../../docs/prototypes.md', import.meta.url), 'utf8');
const EXAMPLES = [...DOCUMENT.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json));

/** With the names that the examples speak of. */
const SUBJECT: PrototypeSubject = {
  ...SMOOTH_SUBJECT,
  labels: ['3', 'seven', 'eight'],
  network: {
    ...SMOOTH_SUBJECT.network,
    layers: SMOOTH_SUBJECT.network.layers.map((layer, index) =>
      index === 0 ? { ...layer, name: 'conv2', shape: [4, 4, 4] } : layer,
    ),
  },
};

test.each(EXAMPLES.map((example) => [JSON.stringify(example).slice(0, 60), example] as const))(
  'the documented example %s... plans prototypes',
  (_text, example) => {
    const target = example.target === 7 ? 1 : example.target;
    expect(planPrototype(SUBJECT, optionsOf({ ...example, target })).rows).toBeGreaterThan(0);
  },
);

test.each(PROTOTYPE_VARIANTS)('the documented defaults of %s are those of the code', (variant) => {
  const row = DOCUMENT.split('\n').find((line) => line.startsWith(`| \`${variant}\` | \`${DEFAULTS[variant].init}\``));
  const numbers = (text: string | undefined) => (text?.match(/\d+(\.\d+)?(e-\d+)?/g) ?? []).map(Number);
  const [, , , optimiser, steps, l2, totalVariation, densityWeight] = row?.split('|') ?? [];
  const { rates, momentum, ...weights } = DEFAULTS[variant];
  expect(optimiser).toContain(`\`${weights.optimiser}\``);
  expect(numbers(steps)).toEqual(rates);
  expect([numbers(l2), numbers(totalVariation)]).toEqual([[weights.l2], [weights.totalVariation]]);
  expect(numbers(densityWeight)).toEqual(variant === 'density' ? [weights.densityWeight] : []);
  if (weights.optimiser === 'momentum') expect(numbers(optimiser)).toEqual([momentum]);
});

test('every variant, objective, init, regulariser and optimiser is documented', () => {
  const { regularisers } = prototypeSchema.parse({
    model: 'model',
    target: 0,
    regularisers: { l2: 0, totalVariation: 0, blur: {}, jitter: 0, clipNorm: 0, clipContribution: 0 },
  });
  const names = [...PROTOTYPE_VARIANTS, ...OBJECTIVES, ...Object.keys(regularisers)];
  const others = [
    'mean',
    'class-mean',
    'zero',
    'noise',
    'adam',
    'momentum',
    'l-bfgs',
    'learningRate',
    'finalLearningRate',
  ];
  expect([...names, ...others].filter((name) => !DOCUMENT.includes(`\`${name}\``))).toEqual([]);
});
