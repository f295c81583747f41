import fc from 'fast-check';
import type { TensorStore } from '../../models/tensors/store.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import type { Engine } from '../../services/engine/engine.ts';
import type { Pair, Value } from '../../services/engine/graph.ts';
import type { GraphBuilder } from '../../services/engine/graphBuilder.ts';
import { buildCase, relativeError } from './caseGraphs.ts';
import type { Operands } from './cases/case.ts';
import { enginesUnderTest, temporaryStore } from './enginesUnderTest.ts';
import { runReference } from './reference.ts';

/** One step of a random graph: takes an image value and makes another; the numbers choose among what fits. */
type Move = (b: GraphBuilder, x: Value, operands: Operands, choice: readonly number[]) => Value;

function sizesOf(x: Value): readonly [number, number, number] {
  const [, channels = 1, height = 1, width = 1] = x.shape;
  return [channels, height, width];
}

/** Bounded, so that values neither vanish nor explode over many moves. */
const moves: readonly Move[] = [
  (b, x) => b.tanh(x),
  (b, x) => b.relu(x),
  (b, x) => b.softplus(b.neg(x)),
  (b, x, { next }, [c = 0]) => {
    const [channels, height, width] = sizesOf(x);
    const shapes: readonly Shape[] = [[], [width], [height, 1], [channels, 1, 1], [1, channels, height, width]];
    return b.add(x, next(shapes[c % shapes.length] ?? []));
  },
  (b, x, { next }) => b.where(b.greater(x, next([])), x, b.mul(x, next([1, sizesOf(x)[0], 1, 1]))),
  (b, x, { next }, [o = 0, k = 0, s = 0, p = 0]) => {
    const [channels, height, width] = sizesOf(x);
    const kernel: Pair = [Math.min(1 + (k % 3), height), Math.min(1 + (o % 3), width)];
    const padding = [p % 2, k % 2, s % 3, 0] as const;
    const w = b.relu(next([1 + (o % 4), channels, ...kernel]));
    const convolved = b.conv2d(x, w, null, {
      stride: [1 + (s % 2), 1 + (p % 2)],
      padding,
      dilation: [1, 1],
      groups: 1,
    });
    return b.tanh(convolved);
  },
  (b, x, { next }, [c = 0, s = 0]) => {
    const [channels, height, width] = sizesOf(x);
    const stride: Pair = [1 + (s % 3), 1 + (c % 2)];
    const size: Pair = [(height - 1) * stride[0] + 2, (width - 1) * stride[1] + 3];
    const w = next([channels, 1 + (c % 3), 2, 3]);
    const attributes = { stride, padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
    return b.tanh(b.conv2dTranspose(x, b.reverse(w, [2, 3]), attributes, size));
  },
  (b, x, _operands, [k = 0, s = 0]) => {
    const [, height, width] = sizesOf(x);
    const kernel: Pair = [Math.min(2 + (k % 2), height), Math.min(2, width)];
    const pool = { kernel, stride: [1 + (s % 2), 2], padding: [0, 0, 0, 0] } as const;
    return b.maxPool2dBackward(x, b.maxPool2d(x, pool), pool);
  },
  (b, x, _operands, [axis = 0]) => b.sub(x, b.reduceMax(x, [1 + (axis % 3)], true)),
  (b, x, { batch }) => {
    const [channels, height, width] = sizesOf(x);
    return b.reshape(b.softmax(b.reshape(x, [batch, channels * height * width])), [batch, width, channels, height]);
  },
  (b, x, _operands, [c = 0]) =>
    b.transpose(
      x,
      [
        [0, 2, 1, 3],
        [0, 3, 1, 2],
        [0, 1, 3, 2],
      ][c % 3] ?? [0, 1, 2, 3],
    ),
  (b, x, _operands, [axis = 0]) => b.concat([x, b.reverse(x, [1 + (axis % 3)])], 1 + (axis % 3)),
  (b, x, { batch }, [c = 0]) => {
    const [channels, height, width] = sizesOf(x);
    const begin = [0, 0, c % height, 0];
    return b.slice(x, begin, [batch, channels, height - (c % height), width]);
  },
];

const MAX_VALUES = 4000;
const step = fc.record({
  move: fc.nat(moves.length - 1),
  choice: fc.array(fc.nat(11), { minLength: 4, maxLength: 4 }),
});
const recipe = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 7 }),
  size: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 6 })),
  variant: fc.constantFrom('inputs', 'constant operands'),
  seed: fc.nat(1000),
});

describe('random graphs', () => {
  let temporary: { store: TensorStore; remove: () => Promise<void> };
  let engines: readonly Engine[];

  beforeAll(async () => {
    temporary = await temporaryStore();
    engines = await Promise.all(enginesUnderTest.map(({ create }) => create(temporary.store)));
  });
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.dispose()));
    await temporary.remove();
  });

  test('give what the definitions say, on every engine', async () => {
    const property = fc.asyncProperty(recipe, async ({ steps, size, variant, seed }) => {
      const build = (b: GraphBuilder, operands: Operands) =>
        steps.reduce(
          (x, { move, choice }) =>
            Math.abs(x.shape.reduce((a, c) => a * c, 1)) > MAX_VALUES
              ? x
              : (moves[move]?.(b, x, operands, choice) ?? x),
          operands.next([operands.batch, ...size]),
        );
      const { graph, inputs } = buildCase({ name: 'random', build }, variant, seed);
      const given = inputs(2);
      const { y: expected } = runReference(graph, given);
      if (expected === undefined) throw new Error('the reference has no output y');
      for (const engine of engines) {
        const executable = await engine.compile(graph, 'random');
        const { y } = await executable.run(given);
        await executable.dispose();
        expect({ engine: engine.name, close: relativeError(y, expected) < 1e-4 }).toEqual({
          engine: engine.name,
          close: true,
        });
      }
    });
    await fc.assert(property, { numRuns: 60, seed: 20170305 });
  });
});
