import { readersOf } from './order.ts';
import type { KerasTopology } from './topology.ts';

/** Layers that do the same to every element of a vector, or know its order, and so hand the order on. */
const TRANSPARENT: ReadonlySet<string> = new Set([
  'Activation',
  'ReLU',
  'LeakyReLU',
  'PReLU',
  'ELU',
  'BatchNormalization',
  'Rescaling',
  'Concatenate',
  'Flatten',
  'Dropout',
  'AlphaDropout',
  'GaussianDropout',
  'GaussianNoise',
  'ActivityRegularization',
]);

/**
 * Whether the order of a flattened image ends in dense layers everywhere, so that their weights can be brought into our
 * order at import and the image needs no transposing at run time.
 */
export function orderAbsorption(topology: KerasTopology): (flatten: string) => boolean {
  const readers = readersOf(topology.layers);
  const outputs = new Set(topology.outputs);
  return (flatten) => {
    const seen = new Set<string>();
    const pending = [flatten];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (outputs.has(name)) return false;
      for (const reader of readers.get(name) ?? []) {
        if (reader.className === 'Dense') continue;
        if (!TRANSPARENT.has(reader.className)) return false;
        pending.push(reader.name);
      }
    }
    return true;
  };
}
