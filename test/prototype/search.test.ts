import { arrayTensor } from '../../models/tensors/tensor.ts';
import type { Engine } from '../../services/engine/engine.ts';
import type { PrototypeOutcome, PrototypePlan, StepReport } from '../../services/prototype/plan.ts';
import { planPrototype } from '../../services/prototype/planPrototype.ts';
import { compilePrototype, drivePrototype, type PrototypeLimits } from '../../services/prototype/runPrototype.ts';
import { SnapshotError } from '../../services/prototype/snapshot.ts';
import type { PrototypeSubject } from '../../services/prototype/subject.ts';
import { greatestDifference } from '../explanation/closeness.ts';
import { engineOfBlock } from '../explanation/explainRows.ts';
import { randomTensor } from '../explanation/networks.ts';
import { scoresOf } from '../models/forward.ts';
import { at } from '../models/values.ts';
import { ENGINES } from '../support/engines.ts';
import { slowObjective, slowPicture } from './slowObjective.ts';
import {
  LARGER_SUBJECT,
  optionsOf,
  REACHING_SUBJECT,
  RECTIFIED_SUBJECT,
  REGRESSION_SUBJECT,
  SMOOTH_SUBJECT,
} from './subjects.ts';

interface Searched {
  readonly plan: PrototypePlan;
  readonly outcome: PrototypeOutcome;
  readonly reports: readonly StepReport[];
}

async function search(
  engine: Engine,
  subject: PrototypeSubject,
  request: Record<string, unknown>,
  limits: PrototypeLimits = {},
): Promise<Searched> {
  const plan = planPrototype(subject, optionsOf({ include: ['trajectory'], ...request }));
  const executables = await compilePrototype(engine, plan, subject.network.id);
  const reports: StepReport[] = [];
  try {
    const outcome = await drivePrototype(plan, executables, {
      ...limits,
      onStep: (report) => {
        reports.push(report);
        limits.onStep?.(report);
      },
    });
    return { plan, outcome, reports };
  } finally {
    await Promise.all(Object.values(executables).map((executable) => executable.dispose()));
  }
}

function imageOf({ rows, images }: PrototypeOutcome, row: number): Float32Array {
  const size = images.length / rows.length;
  return images.slice(row * size, (row + 1) * size);
}

/** p(c|x) in float64. */
function slowProbability({ network }: PrototypeSubject, image: ArrayLike<number>, index: number): number {
  const powers = Array.from(scoresOf(network, image), Math.exp);
  return (powers[index] ?? 0) / powers.reduce((sum, power) => sum + power, 0);
}

const SHORT = { steps: 40, tolerance: 0 };

describe.each(ENGINES)('a search on %s', (_name, create) => {
  const engine = engineOfBlock(create);
  const find = (subject: PrototypeSubject, request: Record<string, unknown>, limits?: PrototypeLimits) =>
    search(engine(), subject, request, limits);

  test.each([
    ['simple', 0.9, { variant: 'simple' }],
    ['simple, from class means', 0.9, { variant: 'simple', init: 'class-mean' }],
    ['simple, from zero', 0.9, { variant: 'simple', init: 'zero' }],
    ['simple, from noise', 0.9, { variant: 'simple', init: 'noise' }],
    ['simple, by momentum', 0.85, { optimiser: { name: 'momentum', learningRate: 0.05, momentum: 0.8 } }],
    ['simple, by l-bfgs', 0.9, { optimiser: { name: 'l-bfgs' } }],
    ['density', 0.8, { variant: 'density', densityWeight: 0.01 }],
    ['generator', 0.8, { variant: 'generator' }],
    ['dgn-am', 0.7, { variant: 'dgn-am', optimiser: { name: 'momentum', learningRate: 0.5 } }],
    [
      'blur, clipping and jitter',
      0.5,
      { regularisers: { l2: 0, blur: { sigma: 0.5, every: 4 }, jitter: 1, clipNorm: 5, clipContribution: 5 } },
    ],
  ])(
    '%s: finds pictures in the box that the network takes for the class, and tells what it found',
    async (_title, least, request) => {
      const found = { target: 'all', steps: 100, regularisers: { l2: 0, totalVariation: 0 }, ...request };
      const { plan, outcome, reports } = await find(REACHING_SUBJECT, found);
      expect(outcome.rows.map(({ target }) => target.label)).toEqual(['cat', 'dog', 'ship']);
      outcome.rows.forEach(({ terms, probability, trajectory, steps, objective }, row) => {
        const image = imageOf(outcome, row);
        expect(image.every((value) => value >= -1 && value <= 1)).toBe(true);
        const expected = slowProbability(REACHING_SUBJECT, image, row);
        expect(probability).toBeCloseTo(expected, 4);
        expect(terms['log_probability']).toBeCloseTo(Math.log(expected), 4);
        expect(terms['logit']).toBeCloseTo(at(scoresOf(REACHING_SUBJECT.network, image), row), 4);
        expect(expected).toBeGreaterThan(least);
        expect(trajectory).toHaveLength(steps + 1);
        expect(objective).toBeGreaterThan(trajectory[0]?.objective ?? 0);
        expect(trajectory.at(-1)).toEqual({ step: steps, objective, probability });
      });
      expect(reports.map(({ step }) => step)).toEqual(Array.from(reports, (_, i) => i + 1));
      expect(reports[0]?.objective[1]).toBe(outcome.rows[1]?.trajectory[0]?.objective);
      expect(plan.rows).toBe(3);
    },
  );

  test('the objective is the sum of its weighted terms', async () => {
    const { plan, outcome } = await find(SMOOTH_SUBJECT, {
      ...SHORT,
      variant: 'density',
      init: 'mean',
      densityWeight: 0.1,
      regularisers: { l2: 0.3, totalVariation: 0.2 },
      target: 'dog',
    });
    const means = SMOOTH_SUBJECT.classMeans ?? new Float32Array();
    const mean = Float32Array.from(
      { length: 32 },
      (_, i) => (at(means, i) + at(means, i + 32) + at(means, i + 64)) / 3,
    );
    const slow = slowObjective(
      SMOOTH_SUBJECT,
      { base: 'log-probability', weights: [0, 1, 0], l2: 0.3, totalVariation: 0.2, density: 0.1, reference: mean },
      imageOf(outcome, 0),
    );
    expect(outcome.rows[0]?.objective).toBeCloseTo(slow, 3);
    expect(Object.keys(outcome.rows[0]?.terms ?? {})).toEqual([
      'logit',
      'log_probability',
      'log_density',
      'l2',
      'total_variation',
    ]);
    expect(plan.options).toMatchObject({ densityWeight: 0.1, init: 'mean', objective: 'log-probability' });
  });

  test.each([
    [
      'by adam, with jitter, blur and noise',
      { optimiser: { name: 'adam' }, init: 'noise', regularisers: { jitter: 1, blur: {} } },
    ],
    ['by momentum', { optimiser: { name: 'momentum' } }],
    ['by l-bfgs', { optimiser: { name: 'l-bfgs' } }],
    ['with a generator', { variant: 'generator' }],
    ['by dgn-am', { variant: 'dgn-am' }],
    ['with diversity', { diversity: { weight: 0.1 } }],
    ['until rows have converged', { tolerance: 0.2 }],
  ])('%s: a snapshot continues to bit-identical results', async (_title, request) => {
    const whole = { ...SHORT, target: 'all', count: 2, seed: 3, include: ['animation', 'trajectory'], ...request };
    let saved: Uint8Array | null = null;
    const first = await find(SMOOTH_SUBJECT, whole, {
      onStep: (report) => {
        if (report.step === 23) saved = report.snapshot();
      },
    });
    const second = await find(SMOOTH_SUBJECT, whole, { saved });
    expect(second.reports[0]?.step).toBe(24);
    expect(second.outcome).toEqual(first.outcome);
    expect((await find(SMOOTH_SUBJECT, whole)).outcome).toEqual(first.outcome);
  });

  test('a snapshot that is damaged, cut short or of another request is refused', async () => {
    let saved: Uint8Array = new Uint8Array();
    const request = { ...SHORT, steps: 2 };
    await find(SMOOTH_SUBJECT, request, {
      onStep: (report) => {
        saved = report.snapshot();
      },
    });
    await expect(find(SMOOTH_SUBJECT, { ...request, seed: 1 }, { saved })).rejects.toThrow(/another run/);
    const retrained = { ...SMOOTH_SUBJECT, network: { ...SMOOTH_SUBJECT.network, id: 'other-weights' } };
    await expect(find(retrained, request, { saved })).rejects.toThrow(/another run/);
    await expect(find(SMOOTH_SUBJECT, request, { saved: saved.slice(0, 10) })).rejects.toThrow(SnapshotError);
    const damaged = saved.slice();
    damaged[damaged.length - 20] = (damaged[damaged.length - 20] ?? 0) ^ 1;
    await expect(find(SMOOTH_SUBJECT, request, { saved: damaged })).rejects.toThrow(/damaged/);
  });

  test.each([
    ['simple', 1e-5, { init: 'noise' }],
    ['generator', 1e-5, { variant: 'generator' }],
    // A line search decides by differences as small as float32 knows them: only where the top is steep it ends at the same place.
    ['l-bfgs', 1e-4, { optimiser: { name: 'l-bfgs' }, regularisers: { l2: 1 } }],
  ])(
    '%s: a prototype does not depend on which others are searched with it, nor on the size of a batch',
    async (_title, tolerance, request) => {
      const together = await find(SMOOTH_SUBJECT, { ...SHORT, ...request, target: 'all', count: 3 });
      const small = await find(SMOOTH_SUBJECT, { ...SHORT, ...request, target: 'all', count: 3 }, { maxBatch: 2 });
      const alone = await find(SMOOTH_SUBJECT, { ...SHORT, ...request, target: 1, count: 1 });
      const first = imageOf(alone.outcome, 0);
      expect(greatestDifference(imageOf(together.outcome, 3), first)).toBeLessThan(tolerance);
      expect(greatestDifference(imageOf(small.outcome, 3), first)).toBeLessThan(tolerance);
    },
  );

  test('several prototypes of a target differ, and a diversity term keeps them apart', async () => {
    const request = { ...SHORT, target: 2, count: 3, steps: 80 };
    const similarityOf = ({ outcome }: Searched) => {
      const [a = [], b = []] = [0, 1].map((row) => Array.from(imageOf(outcome, row)));
      const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * (y[i] ?? 0), 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    const plain = await find(SMOOTH_SUBJECT, request);
    expect(similarityOf(plain)).toBeLessThan(0.9999);
    const diverse = await find(SMOOTH_SUBJECT, { ...request, diversity: { weight: 5, layer: 'conv2d0' } });
    expect(similarityOf(diverse)).toBeLessThan(similarityOf(plain) - 0.1);
    expect(diverse.plan.options.diversity).toEqual({ weight: 5, layer: 'conv2d0' });
    const [row] = diverse.outcome.rows;
    expect(row?.terms['diversity']).toBeLessThan(2);
    expect(row?.trajectory[0]?.objective).toBeLessThan(plain.outcome.rows[0]?.trajectory[0]?.objective ?? 0);
  });

  test('a hidden channel, a position of it, and both ends of a regression', async () => {
    const mean = await find(RECTIFIED_SUBJECT, { ...SHORT, target: { layer: 'conv2d3', channel: 1 } });
    const place = await find(RECTIFIED_SUBJECT, {
      ...SHORT,
      target: { layer: 'conv2d3', channel: 1, position: [0, 2] },
    });
    for (const { outcome, plan } of [mean, place]) {
      expect(plan.options.objective).toBe('value');
      const [row] = outcome.rows;
      expect(row?.probability).toBeNull();
      expect(row?.terms['value']).toBeGreaterThan(row?.trajectory[0]?.objective ?? 0);
    }
    const gain = ({ outcome }: Searched) => outcome.rows[0]?.terms['value'] ?? 0;
    expect(gain(place)).toBeGreaterThan(gain(mean));
    const [most, least] = await Promise.all(
      ['value', '-value'].map((objective) =>
        find(REGRESSION_SUBJECT, { ...SHORT, objective, regularisers: { l2: 0 } }),
      ),
    );
    if (most === undefined || least === undefined) throw new Error('there are two ends');
    const score = (searched: Searched) => at(scoresOf(REGRESSION_SUBJECT.network, imageOf(searched.outcome, 0)), 0);
    expect(score(most)).toBeGreaterThan(1);
    expect(score(least)).toBeLessThan(-1);
    expect(gain(least)).toBeCloseTo(score(least), 4);
  });

  test('a picture to start from becomes the nearest code, and x₀ of a picture', async () => {
    const code = randomTensor([4], 290).data;
    const wanted = Float32Array.from(slowPicture(LARGER_SUBJECT, code));
    const init = { tensor: { shape: [2, 4, 4], data: Array.from(wanted) } };
    let first: Float32Array = new Float32Array();
    await find(
      LARGER_SUBJECT,
      { variant: 'generator', steps: 1, init, optimiser: { name: 'adam', learningRate: 1e-6 } },
      {
        onStep: (report) => {
          first = report.images();
        },
      },
    );
    const apart = (image: Float32Array) => Math.hypot(...image.map((value, i) => value - (wanted[i] ?? 0)));
    expect(apart(first)).toBeLessThan(0.05 * Math.hypot(...wanted));
    const heavy = await find(SMOOTH_SUBJECT, {
      ...SHORT,
      steps: 200,
      init,
      regularisers: { l2: 1000, totalVariation: 0 },
    });
    expect(apart(imageOf(heavy.outcome, 0))).toBeLessThan(0.05);
    expect(heavy.plan.options.init).toBe('tensor');
  });

  test('trajectories that nobody asks for are not made', async () => {
    const { outcome } = await find(SMOOTH_SUBJECT, { ...SHORT, target: 'all', include: [] });
    expect(outcome.rows.map(({ trajectory }) => trajectory.length)).toEqual([0, 0, 0]);
  });

  test('an animation has evenly spread frames, from the first step to the result', async () => {
    const { outcome } = await find(SMOOTH_SUBJECT, { ...SHORT, steps: 150, target: 'all', include: ['animation'] });
    const { steps = [], data = new Float32Array() } = outcome.frames ?? {};
    expect(steps).toHaveLength(61);
    expect([steps[0], steps.at(-2), steps.at(-1)]).toEqual([0, 149, 150]);
    const gaps = new Set(steps.slice(1, -1).map((step, i) => step - (steps[i] ?? 0)));
    expect([...gaps].sort()).toEqual([2, 3]);
    expect(data).toHaveLength(61 * 3 * 32);
    expect(data.slice(-96)).toEqual(outcome.images);
    expect((await find(SMOOTH_SUBJECT, SHORT)).outcome.frames).toBeNull();
  });

  test('ends early where the objective stands still, each prototype by itself', async () => {
    const { outcome, reports } = await find(SMOOTH_SUBJECT, { target: 'all', steps: 400, tolerance: 0.01 });
    for (const { steps, converged, trajectory } of outcome.rows) {
      expect(converged).toBe(true);
      expect(steps).toBeLessThan(400);
      const window = trajectory.slice(-22, -1).map(({ objective }) => objective);
      expect(Math.max(...window) - Math.min(...window)).toBeLessThanOrEqual(
        0.01 * Math.max(1, Math.abs(window.at(-1) ?? 0)),
      );
    }
    expect(reports).toHaveLength(Math.max(...outcome.rows.map(({ steps }) => steps)));
  });

  test('an objective that is not finite is an error that names the target and the term', async () => {
    const layers = SMOOTH_SUBJECT.network.layers.map((layer, index) =>
      index === 6 && 'bias' in layer ? { ...layer, bias: arrayTensor([3], Float32Array.of(0, Number.NaN, 0)) } : layer,
    );
    const network = { ...SMOOTH_SUBJECT.network, id: 'broken', layers };
    await expect(find({ ...SMOOTH_SUBJECT, network }, { target: 1 })).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/output 1 .*step 0.*log_probability/),
    });
  });

  test('what hears of the steps may end the search', async () => {
    const stop = new Error('cancelled');
    let heard = 0;
    const onStep = () => {
      heard += 1;
      if (heard === 3) throw stop;
    };
    await expect(find(SMOOTH_SUBJECT, SHORT, { onStep })).rejects.toBe(stop);
    expect(heard).toBe(3);
  });
});
