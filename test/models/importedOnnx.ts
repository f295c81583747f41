import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ImportedOutput } from '../../models/importers/importer.ts';
import { importOnnx } from '../../models/importers/onnx/onnx.ts';
import type { Network } from '../../models/network.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { largestDifference } from './comparing.ts';
import { scoresOf } from './forward.ts';
import { randomNumbers } from './kerasLayers.ts';
import { encoded, modelOf, type OnnxSpec, sourceOf } from './onnxModel.ts';

/** Imports a file as the network of a test. */
export async function importedFile(bytes: Uint8Array, inputShape: Shape, output?: ImportedOutput): Promise<Network> {
  return { id: 'test', ...(await importOnnx(sourceOf({ 'model.onnx': bytes }, inputShape, output))) };
}

/** Imports a model made by hand. The manifest states the shape of its input unless another one is given. */
export function imported(spec: OnnxSpec, output?: ImportedOutput, inputShape?: Shape): Promise<Network> {
  return importedFile(encoded(modelOf(spec)), inputShape ?? spec.input.slice(1).map(Number), output);
}

/** What onnxruntime computes of a file as it is, for one input. */
export async function runtimeOutput(bytes: Uint8Array, input: Float32Array, dims: Shape): Promise<Float32Array> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const [name = ''] = session.inputNames;
    const results = await session.run({ [name]: new Tensor('float32', input, [...dims]) });
    return (await results[session.outputNames[0] ?? '']?.getData()) as Float32Array;
  } finally {
    await session.release();
  }
}

/**
 * Imports a model made by hand and expects what onnxruntime computes of the very same file.
 * @param inputs smallest and largest value of the random inputs
 */
export async function expectSameOutput(spec: OnnxSpec, inputs: readonly [number, number] = [-1, 1]): Promise<Network> {
  const bytes = encoded(modelOf(spec));
  const network = await importedFile(bytes, spec.input.slice(1).map(Number));
  const dims = spec.input.map((side) => (typeof side === 'number' ? side : 1));
  const next = randomNumbers(5);
  const [low, high] = inputs;
  const input = Float32Array.from({ length: sizeOf(dims) }, () => low + (high - low) * next());
  const expected = await runtimeOutput(bytes, input, dims);
  const actual = scoresOf(network, input);
  expect(actual.length).toBe(expected.length);
  expect(largestDifference(actual, expected)).toBeLessThan(1e-5);
  return network;
}
