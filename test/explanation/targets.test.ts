import { arrayTensor } from '../../models/tensors/tensor.ts';
import { ENGINES } from '../support/engines.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain, NetworkSketch } from './networks.ts';

/** f = W x with f(1, 1) = (3, −1, 3, 2). */
const NETWORK = chain(
  [2],
  [
    {
      type: 'dense',
      weight: arrayTensor([4, 2], Float32Array.of(1, 2, -2, 1, 0, 3, 1, 1)),
      bias: null,
    },
  ],
);

/** One score that a sigmoid turns into the probability of the second of two classes: the mean of the input. */
function binary() {
  const sketch = new NetworkSketch([1, 1, 2]);
  const none = [0, 0, 0, 0] as const;
  sketch.add({ type: 'avgPool2d', kernel: [1, 2], stride: [1, 1], padding: none, counted: none });
  sketch.flatten();
  return sketch.network('sigmoid');
}

describe.each(ENGINES)('targets on %s', (_engine, create) => {
  const engine = engineOfBlock(create);
  const x = [1, 1];

  async function relevance(start: string, ...targets: (readonly number[])[]) {
    const plan = planned({ network: NETWORK }, 'lrp', { composite: 'lrp-0', start });
    const rows = await runRows(
      engine(),
      NETWORK,
      plan,
      targets.map((target) => ({ x, target })),
    );
    return rows.map((row) => ({ start: row.start, relevance: [...row.relevance] }));
  }

  test('a row of zeros explains the first of the largest scores', async () => {
    expect(await relevance('score', [0, 0, 0, 0])).toEqual([{ start: 3, relevance: [1, 2] }]);
  });

  test('start score puts in the score, start one puts in 1', async () => {
    expect(await relevance('score', [0, 0, 0, 1])).toEqual([{ start: 2, relevance: [1, 1] }]);
    expect(await relevance('one', [0, 0, 0, 1])).toEqual([{ start: 1, relevance: [0.5, 0.5] }]);
  });

  test('weights put in w_k f_k, or w_k', async () => {
    expect(await relevance('score', [0, 0, 1, -1])).toEqual([{ start: 1, relevance: [-1, 2] }]);
    expect(await relevance('one', [0, 0, 1, -1])).toEqual([{ start: 0, relevance: [-0.5, 0.5] }]);
  });

  test('every row of a batch has its own target', async () => {
    const rows = await relevance('score', [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0]);
    expect(rows).toEqual([
      { start: 3, relevance: [1, 2] },
      { start: -1, relevance: [-2, 1] },
      { start: 6, relevance: [0, 6] },
    ]);
  });

  test('gradients are those of the weighted score', async () => {
    const plan = planned({ network: NETWORK }, 'gradient');
    const rows = await runRows(engine(), NETWORK, plan, [{ x, target: [1, 0, 0, -1] }, { x }]);
    expect(rows.map((row) => [...row.relevance])).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  test('the likelier class of a single sigmoid output is explained: z where z > 0, else −z', async () => {
    const network = binary();
    const plan = planned({ network }, 'lrp', { composite: 'lrp-0' });
    const rows = await runRows(engine(), network, plan, [{ x: [1, 2] }, { x: [1, -2] }, { x: [1, -2], target: [1] }]);
    expect(rows.map(({ start, relevance: shares }) => [start, ...shares])).toEqual([
      [1.5, 0.5, 1],
      [0.5, -0.5, 1],
      [-0.5, 0.5, -1],
    ]);
  });
});
