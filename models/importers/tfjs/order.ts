import { importError, quoted } from '../faults.ts';

/** A layer of a Keras model or a node of a graph: what it is called, and what it reads. */
export interface Wired {
  readonly name: string;
  /** Names of those that it reads. */
  readonly inbound: readonly string[];
}

interface Wiring<L extends Wired> {
  readonly layers: readonly L[];
  readonly outputs: readonly string[];
}

/**
 * The layers, each after all that it reads.
 * @throws ElucidError `model-failed` when a layer reads one that does not exist, or (through others) itself.
 */
export function topologicalOrder<L extends Wired>({ layers, outputs }: Wiring<L>): readonly L[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const unknown = [...layers.flatMap((layer) => layer.inbound), ...outputs].filter((name) => !byName.has(name));
  if (unknown.length > 0)
    throw importError(`there are no layers named ${[...new Set(unknown)].map(quoted).join(', ')}`);
  const waiting = new Map(layers.map((layer) => [layer.name, new Set(layer.inbound).size]));
  const readers = readersOf(layers);
  const ordered = layers.filter((layer) => layer.inbound.length === 0);
  for (const { name } of ordered) {
    for (const reader of readers.get(name) ?? []) {
      const left = (waiting.get(reader.name) ?? 0) - 1;
      waiting.set(reader.name, left);
      if (left === 0) ordered.push(reader);
    }
  }
  if (ordered.length < layers.length) {
    const stuck = layers.filter((layer) => (waiting.get(layer.name) ?? 0) > 0).slice(0, 10);
    throw importError(`layers read each other in a circle: ${stuck.map((layer) => quoted(layer.name)).join(', ')}`);
  }
  return ordered;
}

/** The layers that read each layer, by its name. */
export function readersOf<L extends Wired>(layers: readonly L[]): ReadonlyMap<string, readonly L[]> {
  const readers = new Map<string, L[]>(layers.map((layer) => [layer.name, []]));
  for (const layer of layers) for (const name of new Set(layer.inbound)) readers.get(name)?.push(layer);
  return readers;
}
