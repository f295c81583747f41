import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TensorStore } from '../../models/tensors/store.ts';
import { damagedTensors, discardDerived } from '../../models/tensors/verification.ts';

const VALUES = Float32Array.from({ length: 600_000 }, (_, i) => Math.sin(i));
const WEIGHT = createHash('sha256').update(new Uint8Array(VALUES.buffer)).digest('hex');
const DERIVED = createHash('sha256').update('max(W, 0)').digest('hex');

let root: string;
let store: TensorStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'elucid-verification-'));
  store = await TensorStore.open(root);
  for (const key of [WEIGHT, DERIVED]) {
    await store.write({ kind: 'stored', shape: [VALUES.length], folder: 'model', key }, VALUES);
  }
});
afterEach(() => rm(root, { recursive: true }));

/** Flips one bit of a file. */
async function flip(name: string, at: number): Promise<void> {
  const file = await open(join(root, 'model', name), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8(0) ^ 0x10, 0);
  await file.write(byte, 0, 1, at);
  await file.close();
}

test('whole tensors are not damaged, other files are none of its business', async () => {
  await store.writeFile('model', 'graph-1.onnx', Buffer.from('x'));
  expect(await damagedTensors(store, 'model')).toEqual([]);
  expect(await damagedTensors(store, 'nothing')).toEqual([]);
});

test.each([
  ['at the beginning', 0],
  ['in the second megabyte', 2_000_000],
  ['in the last value', VALUES.byteLength - 1],
  ['in the checksum', VALUES.byteLength + 31],
])('a bit that is flipped %s is found', async (_, at) => {
  await flip(`${DERIVED}.bin`, at);
  expect(await damagedTensors(store, 'model')).toEqual([`${DERIVED}.bin`]);
});

test.each([0, 31, 1000])('a file of %i bytes is damaged', async (bytes) => {
  await truncate(join(root, 'model', `${WEIGHT}.bin`), bytes);
  expect(await damagedTensors(store, 'model')).toEqual([`${WEIGHT}.bin`]);
});

test('reading takes as long as it is told to', async () => {
  const started = performance.now();
  await damagedTensors(store, 'model', 2 * 10 * VALUES.byteLength);
  expect(performance.now() - started).toBeGreaterThan(80);
});

test('what was derived is discarded, weights and structure stay', async () => {
  for (const name of ['network.json', 'graph-1.onnx', 'graph-1.json']) {
    await store.writeFile('model', name, Buffer.from('x'));
  }
  await discardDerived(store, 'model');
  expect((await store.names('model')).sort()).toEqual([`${WEIGHT}.bin`, 'network.json'].sort());
});
