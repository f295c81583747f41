import { importError, quoted } from '../faults.ts';
import type { GraphNode, OnnxGraph } from './graph.ts';

/** Which values of the graph have to be built. */
export interface Target {
  /** The value that is explained, as the manifest names it or as the only output. */
  readonly scores: string;
  /** The last value to build: the scores, or a probability right behind them. */
  readonly end: string;
}

const PROBABILITIES: ReadonlySet<string> = new Set(['Softmax', 'LogSoftmax', 'Sigmoid']);

/**
 * Finds what is explained: the graph's only output, or the value or node that the manifest names. Nodes that only other
 * outputs need are never read, so that they may be of any kind.
 * @throws ElucidError `model-failed`
 */
export function targetOf(graph: OnnxGraph, layer: string | null): Target {
  if (layer !== null) {
    const scores = valueNamed(graph, layer);
    return { scores, end: probabilityBehind(graph, scores) ?? scores };
  }
  const [only, ...others] = graph.outputs;
  if (only === undefined) throw importError('the graph has no output');
  if (others.length > 0) {
    const names = graph.outputs.slice(0, 20).map(quoted).join(', ');
    throw importError(
      `the graph has ${graph.outputs.length} outputs (${names}); output.layer of the manifest has to name one`,
    );
  }
  return { scores: only, end: only };
}

function valueNamed({ nodes, outputs }: OnnxGraph, name: string): string {
  const byValue = nodes.some((node) => node.outputs.includes(name));
  if (byValue) return name;
  const node = nodes.find((candidate) => candidate.name === name);
  const [first] = node?.outputs ?? [];
  if (first !== undefined) return first;
  const last = nodes.slice(-20).map((candidate) => quoted(candidate.name));
  throw importError(
    `output.layer ${quoted(name)} is no node and no value of the graph; its outputs are ` +
      `${outputs.slice(0, 20).map(quoted).join(', ')}, its last nodes ${last.join(', ')}`,
  );
}

/** An output of the graph that is a probability of the scores, when nothing else reads them. */
function probabilityBehind({ nodes, outputs }: OnnxGraph, scores: string): string | null {
  const [only, ...others] = nodes.filter((node: GraphNode) => node.inputs.includes(scores));
  const [output] = only?.outputs ?? [];
  if (only === undefined || output === undefined || others.length > 0) return null;
  return PROBABILITIES.has(only.type) && outputs.includes(output) ? output : null;
}
