import { join } from 'node:path';
import { importModel } from '../../models/importers/importModel.ts';
import { layerAt, type Network } from '../../models/network.ts';
import { type Box, pixelsToValues } from '../../models/preprocessing/pixels.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import type { Manifest } from '../../schemas/manifest.ts';
import { type Digits, PIXELS, readDigits, SIDE } from '../../training/mnist.ts';

/** The digits of MNIST's test set, from the folder that `npm run test:models -- --data` names. */
export function testDigits(): Promise<Digits> {
  const data = process.env['ELUCID_TEST_DATA'];
  if (data === undefined) throw new Error('run these tests by npm run test:models -- --data DIR');
  return readDigits(join(data, 'mnist'), 't10k');
}

/** A shipped model, imported as the service does. */
export interface ZooModel {
  readonly network: Network;
  readonly box: Box | null;
  readonly manifest: Manifest;
  readonly outputs: number;
  /** What the network sees of some digits, [count, ...input shape]. */
  inputs(digits: Digits, first: number, count: number): ArrayTensor;
}

export async function zooModel(name: string, store: TensorStore): Promise<ZooModel> {
  const zooDir = join(import.meta.dirname, '../../models/zoo');
  const registered = (await openRegistry({ zooDir, modelsDir: null })).get(name);
  const network = await importModel(registered, store);
  const { manifest, box } = registered;
  const [outputs = 0] = layerAt(network, network.output).shape;
  const inputs = (digits: Digits, first: number, count: number) =>
    arrayTensor([count, ...network.inputShape], inputValues(manifest, digits, first, count));
  return { network, box, manifest, outputs, inputs };
}

function inputValues({ input }: Manifest, digits: Digits, first: number, count: number): Float32Array {
  if (input.kind !== 'image') throw new TypeError('the models of digits take images');
  const size = sizeOf(input.shape);
  const values = new Float32Array(count * size);
  for (let i = 0; i < count; i += 1) {
    const data = digits.pixels.subarray((first + i) * PIXELS, (first + i + 1) * PIXELS);
    const pixels = { width: SIDE, height: SIDE, channels: 1, data } as const;
    values.set(pixelsToValues(pixels, input.preprocessing, input.shape), i * size);
  }
  return values;
}
