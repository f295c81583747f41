import type { Box } from '../../../models/preprocessing/pixels.ts';
import { type ArrayTensor, arrayTensor } from '../../../models/tensors/tensor.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import type { NamedTensors } from '../../engine/engine.ts';
import { type FirstRun, firstRun, outputOf, perItem, type Runs, rowOf, runRows } from '../drivers.ts';
import { relevanceShape, subjectKey } from '../frame.ts';
import { type Driver, EXPLAIN, type Plan, type Subject } from '../plan.ts';
import { derivativeGraph, planGradientTimesInput } from './gradients.ts';
import { inputOnly } from './inputOnly.ts';
import { findRoot, pointAt, ROWS_PER_ROOT } from './lineRoot.ts';
import type { Method } from './method.ts';

/** R_i = ∂f/∂x_i |_x̃ · (x_i − x̃_i): the first-order Taylor decomposition at a root x̃ of f (Bach et al. 2015, section 2.3). */
export const taylor: Method<'taylor'> = {
  plan: (subject, options) =>
    options.root === 'zero' ? { ...planGradientTimesInput(subject), options } : planLine(subject, options),
};

function planLine(subject: Subject, options: Readonly<Record<string, unknown>>): Plan {
  inputOnly(subject, 'taylor with root "line"');
  return {
    key: `gradient ${subjectKey(subject)}`,
    settings: JSON.stringify(['taylor', options]),
    options,
    parameters: [],
    relevanceShape: relevanceShape(subject),
    conservation: { kind: 'difference' },
    requiredBox: null,
    rowsPerItem: 2 + ROWS_PER_ROOT,
    graphs: () => ({ [EXPLAIN]: derivativeGraph(subject) }),
    driver: lineDriver(subject),
  };
}

/** The nearest zero of f along −sgn(f)·∇f, every variable held in the box; then the gradient there. */
function lineDriver({ box }: Subject): Driver {
  return function* ({ input, target }, maxBatch) {
    const first = yield* firstRun({ input, target });
    const [items = 0, ...shape] = input.shape;
    const roots = perItem(items, shape);
    for (let item = 0; item < items; item += 1) {
      const f = outputOf(first.outputs, 'explained').data[item] ?? 0;
      const derivative = rowOf(outputOf(first.outputs, 'relevance'), item);
      const line = { x: rowOf(input, item), direction: derivative.map((d) => (f > 0 ? -d : d)), box };
      const root = yield* findRoot(f, line, { shape, maxBatch, target: first.target, item });
      if (root === null) throw noRoot(item, box);
      pointAt(line, root, rowOf(roots, item));
    }
    return yield* decompose(input, first, roots, maxBatch);
  };
}

/** (x − x̃) ⊙ ∇f(x̃); the report's first column is f(x) − f(x̃). */
function* decompose(input: ArrayTensor, first: FirstRun, roots: ArrayTensor, maxBatch: number): Runs<NamedTensors> {
  const [items = 0, ...shape] = input.shape;
  const relevance = perItem(items, shape);
  const differences = Float32Array.from(outputOf(first.outputs, 'explained').data);
  const fill = (item: number, into: Float32Array) => {
    into.set(rowOf(roots, item));
    return item;
  };
  yield* runRows(shape, maxBatch, first.target, items, fill, (item, output) => {
    const [x, root] = [rowOf(input, item), rowOf(roots, item)];
    rowOf(relevance, item).set(output('relevance').map((d, i) => d * ((x[i] ?? 0) - (root[i] ?? 0))));
    differences[item] = (differences[item] ?? 0) - (output('explained')[0] ?? 0);
  });
  return { ...first.outputs, relevance, report: arrayTensor([items, 1], differences) };
}

function noRoot(item: number, box: Box | null): ElucidError {
  const where = box === null ? 'along the gradient' : "along the gradient inside the model's box";
  const detail = `no root of the score was found ${where}, for item ${item}; root "zero" needs none`;
  return new ElucidError('not-applicable', `taylor: ${detail}`, [{ pointer: '/options/root', detail }]);
}
