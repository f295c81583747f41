import type { Network } from '../../models/network.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { executableBytes, networkSize } from '../../services/compute/executableCost.ts';

const network: Network = {
  id: 'id',
  inputShape: [1000],
  layers: [
    {
      name: 'dense',
      inputs: [-1],
      shape: [500],
      type: 'dense',
      weight: arrayTensor([500, 1000], new Float32Array(500_000)),
      bias: arrayTensor([500], new Float32Array(500)),
    },
    { name: 'relu', inputs: [0], shape: [500], type: 'activation', function: { name: 'relu' } },
  ],
  output: 1,
  outputFunction: 'none',
};

test('a network has four bytes for every weight and every value that it computes', () => {
  expect(networkSize(network)).toEqual({ weightBytes: 4 * 500_500, activationBytes: 4 * 2000 });
});

test('an explanation costs its largest batch, and its weights only where they are not mapped', () => {
  const size = networkSize(network);
  const one = executableBytes(size, 1, true);
  expect(executableBytes(size, 33, true) - one).toBe(32 * (executableBytes(size, 2, true) - one));
  expect(executableBytes(size, 2, true) - one).toBeGreaterThanOrEqual(size.activationBytes);
  expect(executableBytes(size, 1, false) - one).toBe(size.weightBytes);
});
