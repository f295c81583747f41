import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TensorStore } from '../../models/tensors/store.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { createTensorflowEngine } from '../../services/engine/tensorflow/engine.ts';

interface EngineUnderTest {
  readonly name: string;
  readonly create: (store: TensorStore) => Promise<Engine>;
}

/** Every engine must pass the same tests. */
export const enginesUnderTest: readonly EngineUnderTest[] = [
  { name: 'tensorflow', create: (store) => createTensorflowEngine({ store }) },
  { name: 'onnx', create: async (store) => createOnnxEngine({ store, threads: 1 }) },
];

/** A tensor store in a temporary folder, and how to remove it. */
export async function temporaryStore(): Promise<{ store: TensorStore; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'elucid-test-'));
  return { store: await TensorStore.open(join(root, 'store')), remove: () => rm(root, { recursive: true }) };
}
