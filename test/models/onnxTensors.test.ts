import type { ImportedNetwork } from '../../models/importers/importer.ts';
import { importOnnx } from '../../models/importers/onnx/onnx.ts';
import { encoded, floats, modelOf, node, onnx, sourceOf, type TensorSpec } from './onnxModel.ts';

const { DataType, DataLocation } = onnx.TensorProto;

const VALUES = [1, -2.5, 0.125, 3, 0, -0.75];

function modelWith(w: TensorSpec) {
  return encoded(
    modelOf({ opset: 13, input: ['N', 2], weights: { w }, nodes: [node('Gemm', ['x', 'w'], 'y', { transB: 1 })] }),
  );
}

function weightOf({ layers: [layer] }: ImportedNetwork): readonly number[] {
  if (layer?.type !== 'dense' || layer.weight.kind !== 'array') throw new TypeError('a dense layer was expected');
  return [...layer.weight.data];
}

async function imported(w: TensorSpec, others: Readonly<Record<string, Uint8Array>> = {}): Promise<readonly number[]> {
  return weightOf(await importOnnx(sourceOf({ 'folder/model.onnx': modelWith(w), ...others }, [2])));
}

/** Halves by their bits, worked out by hand. */
const HALVES = [0x3c00, 0xc100, 0x3000, 0x4200, 0x0000, 0xba00];
const BRAINS = [0x3f80, 0xc020, 0x3e00, 0x4040, 0x0000, 0xbf40];

describe('weights', () => {
  const header = { dims: [3, 2], name: 'w' };
  const bytes = (array: Float64Array | Uint16Array | Float32Array) => new Uint8Array(array.buffer);
  test.each<[string, TensorSpec]>([
    ['raw float32', floats([3, 2], VALUES)],
    ['float32 one by one', { ...header, dataType: DataType.FLOAT, floatData: VALUES }],
    ['raw float64', { ...header, dataType: DataType.DOUBLE, rawData: bytes(Float64Array.from(VALUES)) }],
    ['float64 one by one', { ...header, dataType: DataType.DOUBLE, doubleData: VALUES }],
    ['raw float16', { ...header, dataType: DataType.FLOAT16, rawData: bytes(Uint16Array.from(HALVES)) }],
    ['float16 one by one', { ...header, dataType: DataType.FLOAT16, int32Data: HALVES }],
    ['raw bfloat16', { ...header, dataType: DataType.BFLOAT16, rawData: bytes(Uint16Array.from(BRAINS)) }],
    ['bfloat16 one by one', { ...header, dataType: DataType.BFLOAT16, int32Data: BRAINS }],
  ])('are read from %s', async (_, tensor) => {
    expect(await imported(tensor)).toEqual(VALUES);
  });

  test('with the smallest and largest halves', async () => {
    const rawData = bytes(Uint16Array.from([0x0001, 0x8001, 0x03ff, 0x0400, 0x7bff, 0xfbff]));
    const expected = [2 ** -24, -(2 ** -24), 1023 * 2 ** -24, 2 ** -14, 65504, -65504];
    expect(await imported({ ...header, dataType: DataType.FLOAT16, rawData })).toEqual(expected);
  });

  test('stay where they lie in the file when they are aligned', async () => {
    const file = modelWith(floats([3, 2], VALUES));
    const places = [0, 1, 2, 3].map((shift) => {
      const whole = new Uint8Array(file.length + 4);
      whole.set(file, shift);
      return whole.subarray(shift, shift + file.length);
    });
    const networks = await Promise.all(places.map((place) => importOnnx(sourceOf({ 'm.onnx': place }, [2]))));
    const buffers = networks.map(({ layers: [layer] }) =>
      layer?.type === 'dense' && layer.weight.kind === 'array' ? layer.weight.data.buffer : null,
    );
    expect(networks.map(weightOf)).toEqual([VALUES, VALUES, VALUES, VALUES]);
    expect(buffers.filter((buffer, shift) => buffer === places[shift]?.buffer)).toHaveLength(1);
  });

  test.each<[string, TensorSpec, string]>([
    ['of bytes', { ...header, dataType: DataType.INT8, rawData: new Uint8Array(6) }, 'its weight holds no floats'],
    ['of texts', { ...header, dataType: DataType.STRING }, 'tensors of the type 8 are not read'],
    ['cut short', { ...header, dataType: DataType.FLOAT, rawData: new Uint8Array(20) }, 'has 20 bytes'],
    ['with too many values', { ...header, dataType: DataType.FLOAT, floatData: [...VALUES, 1] }, 'has 7 values'],
    ['of an impossible shape', { ...floats([3, 2], VALUES), dims: [-3, 2] }, 'has the impossible shape [-3, 2]'],
    ['of a vast shape', { ...floats([3, 2], VALUES), dims: [2 ** 40, 2 ** 40] }, 'has the impossible shape'],
  ])('%s are refused', async (_, tensor, message) => {
    await expect(imported(tensor)).rejects.toThrow(message);
  });
});

describe('external data', () => {
  const content = new Uint8Array(Float32Array.from([9, ...VALUES, 9]).buffer);
  const external = (entries: Readonly<Record<string, string>>): TensorSpec => ({
    dims: [3, 2],
    dataType: DataType.FLOAT,
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });
  const place = { offset: '4', length: '24' };

  test('is read from the file that the tensor names, in the folder of the model', async () => {
    const files = { 'other.bin': new Uint8Array(3), 'folder/w.data': content };
    expect(await imported(external({ location: 'w.data', ...place }), files)).toEqual(VALUES);
    const whole = { 'folder/w.data': content.slice(4, 28) };
    expect(await imported(external({ location: './w.data' }), whole)).toEqual(VALUES);
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['is not listed', { location: 'v.data', ...place }, 'its values lie in folder/v.data, which the manifest does not'],
    ['leaves the folder', { location: '../../etc/passwd' }, 'its values lie in ../etc/passwd, which the manifest does'],
    ['is absolute', { location: '/etc/passwd' }, 'its values lie in folder/etc/passwd, which the manifest does not'],
    ['is not named', {}, 'its values lie in folder, which the manifest does not list'],
    ['ends early', { location: 'w.data', offset: '12', length: '24' }, 'bytes 12 to 36 of folder/w.data, which has 32'],
    ['begins late', { location: 'w.data', offset: '64' }, 'of folder/w.data, which has 32'],
    ['begins nowhere', { location: 'w.data', offset: '-4' }, 'the offset -4 of its external data is no number'],
    ['has another length', { location: 'w.data', length: '20' }, 'has 20 bytes'],
  ])('that %s is refused', async (_, entries, message) => {
    await expect(imported(external(entries), { 'folder/w.data': content })).rejects.toThrow(message);
  });
});

test('random weights and a missing file are refused', async () => {
  const source = sourceOf({}, [2]);
  const random = { random: { seed: 1, filler: 'xavier' } } as const;
  await expect(importOnnx({ ...source, weights: random })).rejects.toThrow('the format onnx needs a file of weights');
  await expect(importOnnx(source)).rejects.toThrow('the format onnx needs a file of weights');
});
