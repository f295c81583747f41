import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import type { Engine, NamedTensors } from '../../services/engine/engine.ts';
import {
  codeGraph,
  type ObjectiveStructure,
  objectiveGraph,
  termColumns,
} from '../../services/prototype/graphs/objective.ts';
import type { PrototypeSubject } from '../../services/prototype/subject.ts';
import { distance } from '../explanation/closeness.ts';
import { engineOfBlock } from '../explanation/explainRows.ts';
import { randomTensor } from '../explanation/networks.ts';
import { centralDifferences } from '../explanation/slowGradient.ts';
import { ENGINES } from '../support/engines.ts';
import { type SlowObjective, slowObjective, slowPicture } from './slowObjective.ts';
import { BINARY_SUBJECT, LARGER_SUBJECT, REGRESSION_SUBJECT, SMOOTH_SUBJECT, VECTOR_SUBJECT } from './subjects.ts';

const PLAIN: ObjectiveStructure = {
  base: 'log-probability',
  unit: null,
  generator: false,
  normalised: false,
  weighted: [],
  reach: 0,
  diversity: null,
};

const ROWS = 2;
const WEIGHTS = { log_density: 0.3, l2: 0.05, total_variation: 0.02 };

interface Case {
  readonly subject: PrototypeSubject;
  readonly structure: Partial<ObjectiveStructure>;
  /** Of each row. */
  readonly weights: readonly ArrayLike<number>[];
  readonly shift?: readonly [number, number];
}

const oneHot = (size: number, index: number, value = 1) => new Float32Array(size).fill(value, index, index + 1);
const CLASSES = [oneHot(3, 0), oneHot(3, 2)];
const EVERYTHING = ['log_density', 'l2', 'total_variation'] as const;

const CASES: Readonly<Record<string, Case>> = {
  'log-probability of a softmax': { subject: SMOOTH_SUBJECT, structure: {}, weights: CLASSES },
  'log-probability of a vector': { subject: VECTOR_SUBJECT, structure: {}, weights: CLASSES },
  'log-probability of both classes of one sigmoid': {
    subject: BINARY_SUBJECT,
    structure: {},
    weights: [Float32Array.of(1), Float32Array.of(-1)],
  },
  logit: { subject: SMOOTH_SUBJECT, structure: { base: 'value' }, weights: CLASSES },
  'smallest value of a regression': {
    subject: REGRESSION_SUBJECT,
    structure: { base: '-value' },
    weights: [Float32Array.of(1), Float32Array.of(1)],
  },
  'a hidden unit, and the mean of a channel': {
    subject: SMOOTH_SUBJECT,
    structure: { base: 'value', unit: 2 },
    weights: [oneHot(12, 5), new Float32Array(12).fill(0.25, 4, 8)],
  },
  'every term': { subject: SMOOTH_SUBJECT, structure: { weighted: EVERYTHING }, weights: CLASSES },
  'a shift down and to the left': {
    subject: SMOOTH_SUBJECT,
    structure: { weighted: EVERYTHING, reach: 2 },
    weights: CLASSES,
    shift: [1, -2],
  },
  'a generator': { subject: SMOOTH_SUBJECT, structure: { generator: true, weighted: EVERYTHING }, weights: CLASSES },
  'the centre of a larger generator, clipped to the box': {
    subject: LARGER_SUBJECT,
    structure: { generator: true, weighted: ['l2', 'total_variation'] },
    weights: CLASSES,
  },
};

function stacked(rows: readonly ArrayLike<number>[], shape: readonly number[]): ArrayTensor {
  return arrayTensor([rows.length, ...shape], Float32Array.from(rows.flatMap((row) => Array.from(row))));
}

interface Inputs {
  readonly inputs: NamedTensors;
  readonly variables: readonly Float32Array[];
  readonly reference: Float32Array;
}

function inputsFor({ subject, structure, weights, shift = [0, 0] }: Case): Inputs {
  const { network, generator, box } = subject;
  const shape = structure.generator ? (generator?.network.inputShape ?? []) : network.inputShape;
  const variables = [0, 1].map((row) => randomTensor([sizeOf(shape)], 260 + row, 0.9).data);
  const reference = randomTensor([sizeOf(shape)], 270, 0.5).data;
  const unitShape = network.layers[structure.unit ?? network.output]?.shape ?? [];
  const kernel = (offset: number, reach: number) =>
    Float32Array.from([0, 1].flatMap(() => Array.from(oneHot(2 * reach + 1, reach - offset))));
  const reach = structure.reach ?? 0;
  const [channels = 0] = network.inputShape;
  const bound = (value: unknown) =>
    arrayTensor([1, ...network.inputShape], new Float32Array(sizeOf(network.inputShape)).fill(Number(value)));
  const weighted = structure.weighted ?? [];
  return {
    variables,
    reference,
    inputs: {
      variable: stacked(variables, shape),
      target: stacked(weights, unitShape),
      ...(weighted.includes('l2') ? { reference: stacked([reference, reference], shape) } : {}),
      ...Object.fromEntries(
        weighted.map((name) => [`weight_${name}`, stacked([[WEIGHTS[name]], [WEIGHTS[name]]], [1])]),
      ),
      ...(structure.generator && box !== null ? { low: bound(box.low), high: bound(box.high) } : {}),
      ...(reach > 0
        ? {
            shift_down: arrayTensor([channels, 1, 2 * reach + 1, 1], kernel(shift[0], reach)),
            shift_right: arrayTensor([channels, 1, 1, 2 * reach + 1], kernel(shift[1], reach)),
          }
        : {}),
    },
  };
}

function slowOf({ structure, weights, shift }: Case, row: number, reference: Float32Array): SlowObjective {
  const weighted = structure.weighted ?? [];
  const weightOf = (name: (typeof EVERYTHING)[number]) => (weighted.includes(name) ? WEIGHTS[name] : 0);
  return {
    base: structure.base ?? 'log-probability',
    weights: weights[row] ?? [],
    ...(structure.unit === undefined || structure.unit === null ? {} : { unit: structure.unit }),
    l2: weightOf('l2'),
    reference,
    totalVariation: weightOf('total_variation'),
    ...(weighted.includes('log_density') ? { density: WEIGHTS.log_density } : {}),
    generative: structure.generator ?? false,
    shift: shift ?? [0, 0],
  };
}

async function evaluate(engine: Engine, example: Case): Promise<NamedTensors> {
  const structure = { ...PLAIN, ...example.structure };
  const executable = await engine.compile(objectiveGraph(example.subject, structure), example.subject.network.id);
  const outputs = await executable.run(inputsFor(example).inputs);
  await executable.dispose();
  return outputs;
}

/** Σ of the weighted terms, as clients are told it. */
function totalOf(example: Case, terms: ArrayLike<number>): number {
  const structure = { ...PLAIN, ...example.structure };
  return termColumns(example.subject, structure).reduce((sum, name, k) => {
    const term = terms[k] ?? Number.NaN;
    if (name === 'value') return sum + { value: term, '-value': -term, 'log-probability': 0 }[structure.base];
    if (name === 'log_probability') return sum + (structure.base === 'log-probability' ? term : 0);
    return sum + (name === 'log_density' ? 1 : -1) * (WEIGHTS[name as keyof typeof WEIGHTS] ?? Number.NaN) * term;
  }, 0);
}

const results = new Map<string, Float32Array[]>();

describe.each(ENGINES)('objectives on %s', (engineName, create) => {
  const engine = engineOfBlock(create);

  test.each(Object.entries(CASES))(
    '%s: the value and its derivative are those of plain loops',
    async (name, example) => {
      const { variables, reference } = inputsFor(example);
      const { terms, gradient } = await evaluate(engine(), example);
      if (terms === undefined || gradient === undefined) throw new Error('the graph gives terms and a gradient');
      variables.forEach((v, row) => {
        const slow = slowOf(example, row, reference);
        const value = (x: ArrayLike<number>) => slowObjective(example.subject, slow, x);
        const [columns, size] = [terms.data.length / ROWS, v.length];
        const total = totalOf(example, terms.data.subarray(row * columns, (row + 1) * columns));
        expect(Math.abs(total - value(v))).toBeLessThan(2e-5 * Math.max(1, Math.abs(value(v))));
        expect(
          distance(gradient.data.subarray(row * size, (row + 1) * size), centralDifferences(value, v)),
        ).toBeLessThan(1e-4);
      });
      results.set(`${name} ${engineName}`, [terms.data, gradient.data]);
    },
  );

  test('a certain class has a finite log-probability and no derivative, an impossible one both', async () => {
    const network = {
      ...VECTOR_SUBJECT.network,
      layers: VECTOR_SUBJECT.network.layers.map((layer, index) =>
        index === 2 && 'weight' in layer ? { ...layer, bias: arrayTensor([3], Float32Array.of(300, 0, 0)) } : layer,
      ),
    };
    const { terms, gradient } = await evaluate(engine(), {
      subject: { ...VECTOR_SUBJECT, network },
      structure: {},
      weights: CLASSES,
    });
    expect(terms?.data[1]).toBe(0);
    expect(terms?.data[3]).toBeLessThan(-290);
    expect(terms?.data[3]).toBeGreaterThan(-310);
    expect(gradient?.data.slice(0, 7).every((value) => value === 0)).toBe(true);
    expect(gradient?.data.slice(7).every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
  });

  test('dgn-am: the derivative is that of the logit, divided by its mean size at the picture', async () => {
    const example: Case = {
      subject: SMOOTH_SUBJECT,
      structure: { base: 'value', generator: true, normalised: true },
      weights: CLASSES,
    };
    const { gradient } = await evaluate(engine(), example);
    inputsFor(example).variables.forEach((z, row) => {
      const weights = CLASSES[row] ?? [];
      const logit = (x: ArrayLike<number>) => slowObjective(SMOOTH_SUBJECT, { base: 'value', weights }, x);
      const byPicture = centralDifferences(logit, slowPicture(SMOOTH_SUBJECT, z));
      const mean = byPicture.reduce((sum, value) => sum + Math.abs(value), 0) / byPicture.length;
      const byCode = centralDifferences(
        (code) => slowObjective(SMOOTH_SUBJECT, { base: 'value', weights, generative: true }, code),
        z,
      ).map((value) => value / mean);
      expect(distance(gradient?.data.subarray(row * 3, (row + 1) * 3) ?? [], byCode)).toBeLessThan(1e-4);
    });
  });

  test('the search for a code descends the distance of its picture', async () => {
    const structure = { ...PLAIN, generator: true };
    const executable = await engine().compile(codeGraph(LARGER_SUBJECT, structure), 'smooth');
    const { inputs, variables } = inputsFor({ subject: LARGER_SUBJECT, structure, weights: CLASSES });
    const wanted = [randomTensor([32], 280, 0.3).data, randomTensor([32], 281, 0.3).data];
    const { variable, low, high } = inputs;
    if (variable === undefined || low === undefined || high === undefined) throw new Error('a code has bounds');
    const { distance: distances, gradient } = await executable.run({
      variable,
      low,
      high,
      wanted: stacked(wanted, [2, 4, 4]),
    });
    await executable.dispose();
    variables.forEach((z, row) => {
      const apart = (code: ArrayLike<number>) =>
        slowPicture(LARGER_SUBJECT, code).reduce((sum, x, i) => sum + (x - (wanted[row]?.[i] ?? 0)) ** 2, 0);
      expect(distances?.data[row]).toBeCloseTo(apart(z), 4);
      const slope = centralDifferences((code) => -apart(code), z);
      expect(distance(gradient?.data.subarray(row * 4, (row + 1) * 4) ?? [], slope)).toBeLessThan(1e-4);
    });
  });
});

test.each(Object.keys(CASES))('%s: both engines agree to 1e-4', (name) => {
  const [first, second] = ENGINES.map(([engine]) => results.get(`${name} ${engine}`) ?? []);
  expect(first?.length).toBe(2);
  first?.forEach((values, k) => {
    expect(distance(values, second?.[k] ?? [])).toBeLessThan(1e-4);
  });
});
