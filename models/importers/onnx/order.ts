import { importError, quoted } from '../faults.ts';
import type { GraphNode, OnnxGraph } from './graph.ts';

/** Which node computes each value. @throws ElucidError when two do. */
export function producersOf({ nodes }: OnnxGraph): ReadonlyMap<string, GraphNode> {
  const producers = new Map<string, GraphNode>();
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producers.has(output)) throw importError(`two nodes compute the value ${quoted(output)}`);
      producers.set(output, node);
    }
  }
  return producers;
}

/**
 * The nodes that the wanted values depend on, each after all that it reads. The order of the file is not relied on.
 * @throws ElucidError `model-failed` when a node reads (through others) its own output.
 */
export function neededNodes(
  wanted: readonly string[],
  producers: ReadonlyMap<string, GraphNode>,
): readonly GraphNode[] {
  const ordered: GraphNode[] = [];
  const state = new Map<GraphNode, 'open' | 'done'>();
  const pending = sourcesOf(wanted, producers);
  for (let node = pending.at(-1); node !== undefined; node = pending.at(-1)) {
    if (state.get(node) === undefined) {
      state.set(node, 'open');
      const sources = sourcesOf(node.inputs, producers);
      const circle = sources.find((source) => state.get(source) === 'open');
      if (circle !== undefined) throw importError(`nodes read each other in a circle: ${quoted(circle.name)}`);
      for (const source of sources) if (!state.has(source)) pending.push(source);
    } else {
      if (state.get(node) === 'open') ordered.push(node);
      state.set(node, 'done');
      pending.pop();
    }
  }
  return ordered;
}

/** The nodes that compute some values, each once, the first on top of the stack. */
function sourcesOf(values: readonly string[], producers: ReadonlyMap<string, GraphNode>): GraphNode[] {
  const sources = new Set<GraphNode>();
  for (const value of values) {
    const source = producers.get(value);
    if (source !== undefined) sources.add(source);
  }
  return [...sources].reverse();
}
