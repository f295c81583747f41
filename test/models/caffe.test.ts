import { readFile } from 'node:fs/promises';
import { importCaffe } from '../../models/importers/caffe/caffe.ts';
import { CAFFE_LAYERS } from '../../models/importers/caffe/draftOf.ts';
import type { ImportSource, SourceFile } from '../../models/importers/importer.ts';
import { type Network, parametersOf } from '../../models/network.ts';
import { manifestSchema } from '../../schemas/manifest.ts';
import { parameter } from './values.ts';

const NET = `
  layer { name: "in" type: "Input" top: "in" input_param { shape { dim: 10 dim: 2 dim: 6 dim: 6 } } }
  layer { name: "conv" type: "Convolution" bottom: "in" top: "conv" convolution_param {
    num_output: 8 kernel_size: 3 group: 2
    weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "constant" value: 0.1 } } }
  layer { name: "slopes" type: "PReLU" bottom: "conv" top: "conv" }
  layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "norm" batch_norm_param { eps: 0 } }
  layer { name: "squash" type: "TanH" bottom: "norm" top: "squash" }
  layer { name: "fc" type: "InnerProduct" bottom: "squash" top: "fc" inner_product_param {
    num_output: 400 bias_filler { type: "gaussian" std: 3 } } }
  layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }`;

function file(name: string, content: string | Uint8Array): SourceFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { name, bytes: bytes.byteLength, read: async () => bytes };
}

function source(changes: Partial<ImportSource> = {}): ImportSource {
  return {
    definition: file('net.prototxt', NET),
    weights: { random: { seed: 1, filler: 'msra' } },
    inputShape: [2, 6, 6],
    output: { kind: 'classification', layer: null },
    ...changes,
  };
}

async function imported(changes: Partial<ImportSource> = {}): Promise<Network> {
  return { id: 'test', ...(await importCaffe(source(changes))) };
}

/** The values of a layer's parameter. */
function valuesOf({ layers }: Network, name: string, role: string): readonly number[] {
  const layer = layers.find((candidate) => candidate.name === name);
  const tensor = layer === undefined ? undefined : parametersOf(layer)[role];
  if (tensor === undefined) throw new RangeError(`${name} has no ${role}`);
  return [...parameter(tensor).data];
}

function deviation(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

describe('random weights', () => {
  test.each([
    // Fan-in: 1 channel of 3×3 for the convolution in groups, 8 channels of 4×4 for the dense layer.
    ['msra', Math.sqrt(2 / 9), Math.sqrt(2 / 128)],
    ['xavier', Math.sqrt(1 / 9), Math.sqrt(1 / 128)],
    // The convolution states a standard deviation of its own.
    ['gaussian', 0.5, 0.01],
  ] as const)('by %s have its deviation', async (filler, conv, dense) => {
    const network = await imported({ weights: { random: { seed: 1, filler } } });
    expect(Math.abs(deviation(valuesOf(network, 'conv', 'weight')) / conv - 1)).toBeLessThan(0.25);
    expect(Math.abs(deviation(valuesOf(network, 'fc', 'weight')) / dense - 1)).toBeLessThan(0.02);
  });

  test('are constant by that filler, and other parameters are what Caffe begins with', async () => {
    const network = await imported({ weights: { random: { seed: 1, filler: 'constant' } } });
    expect(new Set(valuesOf(network, 'fc', 'weight'))).toEqual(new Set([0]));
    expect(new Set(valuesOf(network, 'fc', 'bias'))).toEqual(new Set([0]));
    expect(new Set(valuesOf(network, 'conv', 'bias'))).toEqual(new Set([Math.fround(0.1)]));
    expect(new Set(valuesOf(network, 'slopes', 'slope'))).toEqual(new Set([0.25]));
  });

  test('are decided by the seed and the name of the layer, not by what else there is', async () => {
    const weight = valuesOf(await imported(), 'fc', 'weight');
    expect(valuesOf(await imported(), 'fc', 'weight')).toEqual(weight);
    const shorter = NET.replace(/layer \{ name: "(slopes|squash)".*\n/g, '').replace(
      'bottom: "squash"',
      'bottom: "norm"',
    );
    const other = await imported({ definition: file('net.prototxt', shorter) });
    expect(other.layers.length).toBeLessThan((await imported()).layers.length);
    const otherSeed = await imported({ weights: { random: { seed: 2, filler: 'msra' } } });
    expect(valuesOf(otherSeed, 'fc', 'weight')).not.toEqual(weight);
    expect(deviation(valuesOf(other, 'fc', 'weight').map((value, k) => value - (weight[k] ?? Number.NaN)))).toBe(0);
  });
});

test('needs a definition, and one file of weights that is a caffemodel or HDF5', async () => {
  const weights = file('net.caffemodel', Uint8Array.of(1, 2, 3));
  await expect(imported({ definition: null })).rejects.toThrow('the format caffe needs a definition');
  await expect(imported({ weights: [weights, weights] })).rejects.toThrow(
    'the format caffe needs one file of weights, the manifest names 2',
  );
  await expect(imported({ weights: [weights] })).rejects.toMatchObject({ code: 'model-failed' });
  const truncated = file('net.h5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'));
  await expect(imported({ weights: [truncated] })).rejects.toMatchObject({ code: 'model-failed' });
});

test('a definition that is too long is not read', async () => {
  const long = { ...file('net.prototxt', ''), bytes: 2 ** 25, read: () => Promise.reject(new Error('was read')) };
  await expect(imported({ definition: long })).rejects.toThrow(
    'net.prototxt has 33554432 bytes; at most 16777216 are read',
  );
});

test('the documentation tells of every layer that is read, and its example is a manifest', async () => {
  const document = await readFile(new URL('../../docs/models.md', import.meta.url), 'utf8');
  const [, section = ''] = document.split('## Supported layers (`caffe`)');
  const words = new Set((section.split('\n## ')[0] ?? '').match(/\w+/g));
  expect(CAFFE_LAYERS.filter((type) => !words.has(type))).toEqual([]);
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(section) ?? [];
  expect(manifestSchema.parse(JSON.parse(example))).toMatchObject({ format: 'caffe' });
});
