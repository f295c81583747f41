import type { Network } from '../../models/network.ts';
import { ENGINES } from '../support/engines.ts';
import { distance } from './closeness.ts';
import { engineOfBlock, planned, runRows } from './explainRows.ts';
import { chain, NetworkSketch } from './networks.ts';
import { RELU_RULES, slowBackward } from './slowBackward.ts';
import { activation, convolution, dense, inputOf, RECTIFIED, SMOOTH } from './smallNetworks.ts';

/** A network in which a ReLU's output is used twice. */
const RESIDUAL = (() => {
  const sketch = new NetworkSketch([2, 4, 4]);
  sketch.add(convolution(2, 3, 170));
  const before = sketch.add(activation('relu'));
  sketch.add(convolution(3, 3, 172), [before]);
  const behind = sketch.add(activation('relu'));
  sketch.add({ type: 'add', coefficients: null }, [before, behind]);
  sketch.add(activation('relu'));
  sketch.flatten();
  sketch.add(dense(48, 3, 174));
  return sketch.network();
})();

const NETWORKS: Readonly<Record<string, Network>> = {
  'dense layers': chain(
    [7],
    [dense(7, 9, 176), activation('relu'), dense(9, 6, 178), activation('relu'), dense(6, 3, 180)],
  ),
  'convolutions, max pooling and dense layers': RECTIFIED,
  'a branch': RESIDUAL,
  'ReLU and tanh': chain(
    [7],
    [dense(7, 9, 192), activation('relu'), dense(9, 6, 194), activation('tanh'), dense(6, 3, 186)],
  ),
};

describe.each(ENGINES)('ways back through ReLUs, on %s', (_engine, create) => {
  const engine = engineOfBlock(create);

  describe.each(Object.entries(NETWORKS))('%s', (_name, network) => {
    const rows = [188, 189].map((seed) => ({ x: inputOf(network, seed), target: [1, -0.5, 0.25] }));

    test.each(Object.entries(RELU_RULES))('%s as it is defined, ReLU by ReLU', async (method, rule) => {
      const plan = planned({ network }, method as keyof typeof RELU_RULES);
      const explained = await runRows(engine(), network, plan, rows);
      rows.forEach(({ x, target }, row) => {
        const expected = slowBackward(network, x, target, rule);
        expect(expected.some((value) => value !== 0)).toBe(true);
        expect(distance(explained[row]?.relevance ?? [], expected)).toBeLessThan(1e-5);
      });
    });
  });

  test.each(['guided-backprop', 'deconvnet'] as const)(
    '%s is the gradient where there are no ReLUs',
    async (method) => {
      const row = { x: inputOf(SMOOTH, 190), target: [0, 1, -1] };
      const [own] = await runRows(engine(), SMOOTH, planned({ network: SMOOTH }, method), [row]);
      const [gradient] = await runRows(engine(), SMOOTH, planned({ network: SMOOTH }, 'gradient'), [row]);
      expect(own).toEqual(gradient);
    },
  );
});
