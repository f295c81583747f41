import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TensorStore } from '../../models/tensors/store.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { createTensorflowEngine } from '../../services/engine/tensorflow/engine.ts';

/** A tensor store in a temporary folder of its own. */
export async function temporaryStore(): Promise<{ store: TensorStore; remove(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'elucid-test-'));
  return { store: await TensorStore.open(root), remove: () => rm(root, { recursive: true, force: true }) };
}

/** Both engines, by name; what must hold is tested on each. */
export const ENGINES: readonly (readonly [string, (store: TensorStore) => Promise<Engine>])[] = [
  ['onnx', async (store) => createOnnxEngine({ store, threads: 1 })],
  ['tensorflow', (store) => createTensorflowEngine({ store })],
];
