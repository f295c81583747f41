import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importModel } from '../../models/importers/importModel.ts';
import type { Network } from '../../models/network.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import { BATCH } from '../../services/engine/graph.ts';
import { GraphBuilder } from '../../services/engine/graphBuilder.ts';
import { encodeOnnx } from '../../services/engine/onnx/model.ts';
import { forwardPass } from '../../services/explanation/layers/forward.ts';
import { GOLDEN_NAMES, goldenNetwork, readGolden } from '../explanation/goldenNetwork.ts';
import { LINEAR, RECTIFIED, SIGNAL, SMOOTH } from '../explanation/smallNetworks.ts';
import { temporaryStore } from '../support/engines.ts';
import { largestDifference } from './comparing.ts';
import { forward, inMemory, scoresOf } from './forward.ts';
import { importedFile } from './importedOnnx.ts';
import { randomNumbers } from './kerasLayers.ts';
import { at } from './values.ts';

/** The forward pass of a network as our own encoder writes it, the weights inside. */
function written(network: Network): Uint8Array {
  const g = new GraphBuilder();
  const input = g.input('input', [BATCH, ...network.inputShape]);
  const scores = forwardPass(g, network, input).at(network.output);
  return encodeOnnx(g.build({ scores }), () => {
    throw new Error('the weights of these networks are in memory');
  });
}

async function expectSameBack(network: Network): Promise<void> {
  const back = await importedFile(written(network), network.inputShape, { kind: 'classification', layer: null });
  for (const seed of [1, 2, 3]) {
    const next = randomNumbers(seed);
    const input = Float32Array.from({ length: sizeOf(network.inputShape) }, next);
    expect(largestDifference(scoresOf(back, input), scoresOf(network, input))).toBeLessThan(1e-5);
  }
}

describe('a network that is written as ONNX and read back gives the same scores', () => {
  // The encoder spells LRN and leaky ReLU out in products and comparisons of values, which are no layers any more.
  test.each(['mlp', 'mlp-tanh', 'cnn', 'inception-like', 'residual'])('golden %s', (name) =>
    expectSameBack(goldenNetwork(readGolden(name))),
  );

  test.each([
    ['linear', LINEAR],
    ['rectified', RECTIFIED],
    ['smooth', SMOOTH],
    ['signal', SIGNAL],
  ])('small %s', (_, network) => expectSameBack(network));

  test('mnist-cnn', async () => {
    const { store, remove } = await temporaryStore();
    try {
      const zooDir = join(import.meta.dirname, '../../models/zoo');
      const registered = (await openRegistry({ zooDir, modelsDir: null })).get('mnist-cnn');
      await expectSameBack(await inMemory(await importModel(registered, store), store));
    } finally {
      await remove();
    }
  }, 60_000);
});

describe('a golden network written by another program', () => {
  test.each(GOLDEN_NAMES)('%s gives its golden output, layer by layer', async (name) => {
    const golden = readGolden(name);
    const bytes = readFileSync(new URL(`../fixtures/golden/${name}.onnx`, import.meta.url));
    const [count = 0, ...inputShape] = golden.input.shape;
    const network = await importedFile(bytes, inputShape);
    const size = sizeOf(inputShape);
    const outputs = golden.output.data.length / count;
    for (let row = 0; row < count; row += 1) {
      const input = golden.input.data.slice(row * size, (row + 1) * size);
      const expected = golden.output.data.slice(row * outputs, (row + 1) * outputs);
      expect(largestDifference(scoresOf(network, input), expected)).toBeLessThan(1e-5);
      const [ours, theirs] = [network, goldenNetwork(golden)].map((one) => forward(one, input));
      for (const [index, layer] of goldenNetwork(golden).layers.entries()) {
        const same = network.layers.findIndex((candidate) => candidate.name === layer.name);
        if (same < 0) continue;
        expect(largestDifference(at(ours ?? [], same).data, at(theirs ?? [], index).data)).toBeLessThan(1e-5);
      }
    }
  });
});
