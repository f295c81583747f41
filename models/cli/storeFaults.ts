import type { TensorStore } from '../tensors/store.ts';
import { damagedTensors, discardDerived } from '../tensors/verification.ts';

/** What the verification of one network's folder in the tensor store found. */
export interface StoreFinding {
  /** The network's content hash. */
  readonly folder: string;
  /** Names of the files that were removed as damaged. */
  readonly damaged: readonly string[];
}

/**
 * Verifies the checksums of networks' tensors. Damaged files are removed with all that may have been derived from them, so
 * that they are made anew.
 */
export async function verifyStore(store: TensorStore, folders: readonly string[]): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  for (const folder of folders) {
    const damaged = await damagedTensors(store, folder);
    for (const name of damaged) await store.remove(folder, name);
    if (damaged.length > 0) await discardDerived(store, folder);
    findings.push({ folder, damaged });
  }
  return findings;
}
