import type { NamedTensors } from './engine.ts';
import { BATCH, type Graph } from './graph.ts';

/**
 * Checks that a run has exactly the graph's inputs, each of the declared shape, with one batch size for all.
 * @throws RangeError that names the input, what was received and what is expected
 */
export function checkInputs(graph: Graph, given: NamedTensors): void {
  const batches = new Map<string, number>();
  const declared = new Set<string>();
  for (const { operation, shape } of graph.inputs) {
    if (operation.name !== 'input') continue;
    const { label } = operation;
    declared.add(label);
    const received = given[label]?.shape;
    const wanted = `[${shape.map((size) => (size === BATCH ? 'N' : size)).join(', ')}]`;
    if (received === undefined) throw new RangeError(`input ${label} of shape ${wanted} is missing`);
    const fits =
      received.length === shape.length && shape.every((size, i) => size === received[i] || (size === BATCH && i === 0));
    if (!fits) throw new RangeError(`input ${label} must have shape ${wanted}, got [${received.join(', ')}]`);
    if (shape[0] === BATCH) batches.set(label, received[0] ?? 0);
  }
  const unknown = Object.keys(given).filter((label) => !declared.has(label));
  if (unknown.length > 0)
    throw new RangeError(`unknown input ${unknown.join(', ')}; there are ${[...declared].join(', ')}`);
  if (new Set(batches.values()).size > 1) {
    throw new RangeError(
      `inputs differ in their batch: ${[...batches].map(([label, n]) => `${label} ${n}`).join(', ')}`,
    );
  }
}
