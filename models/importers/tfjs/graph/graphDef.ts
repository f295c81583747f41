import { z } from 'zod';
import { importError, quoted } from '../../faults.ts';
import type { Wired } from '../order.ts';
import { parsed } from '../topology.ts';
import { Attributes } from './attributes.ts';

/** More nodes than any graph we know of; bounds the time an import can take. */
const MAX_NODES = 50_000;

/** A tensor that a node reads: one output of another node. */
export interface TensorName {
  readonly node: string;
  readonly output: number;
}

/** A node of a GraphDef. */
export interface GraphNode extends Wired {
  readonly op: string;
  /** What it reads, without control inputs, which only order the execution. */
  readonly inputs: readonly TensorName[];
  readonly attributes: Attributes;
}

const name = z.string().min(1).max(1024);
const nodeSchema = z.object({
  name,
  op: z.string().max(256),
  input: z.array(name).max(4096).default([]),
  attr: z.record(z.string(), z.unknown()).default({}),
});
const graphSchema = z.object({ node: z.array(nodeSchema).min(1).max(MAX_NODES) });

/**
 * Reads `modelTopology` of a graph model: a GraphDef as JSON.
 * @throws ElucidError `model-failed`
 */
export function readGraph(topology: unknown): readonly GraphNode[] {
  const { node: specs } = parsed(graphSchema, topology, 'modelTopology');
  const names = new Set<string>();
  return specs.map((spec) => {
    if (names.has(spec.name)) throw importError(`two nodes are named ${quoted(spec.name)}`);
    names.add(spec.name);
    const inputs = spec.input.filter((input) => !input.startsWith('^')).map(tensorName);
    const inbound = inputs.map(({ node }) => node);
    return { name: spec.name, op: spec.op, inputs, inbound, attributes: new Attributes(spec.attr) };
  });
}

/** `node:1` is the second output of a node, `node` and `node:0` the first. */
export function tensorName(reference: string): TensorName {
  const match = /^(.*):(\d{1,4})$/.exec(reference);
  return match === null ? { node: reference, output: 0 } : { node: match[1] ?? '', output: Number(match[2]) };
}

/** The nodes that the given ones depend on, with these. */
export function ancestorsOf(nodes: readonly GraphNode[], roots: readonly string[]): readonly GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const needed = new Set<string>();
  const pending = [...roots];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (needed.has(next)) continue;
    needed.add(next);
    pending.push(...(byName.get(next)?.inbound ?? []));
  }
  return nodes.filter((node) => needed.has(node.name));
}
