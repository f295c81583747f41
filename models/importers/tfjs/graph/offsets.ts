import type { GraphNode, TensorName } from './graphDef.ts';

const SUMS: ReadonlySet<string> = new Set(['Add', 'AddV2', 'AddN']);
const LINEAR: ReadonlySet<string> = new Set(['Conv2D', 'DepthwiseConv2dNative', 'MatMul']);

/**
 * A converter's optimiser gathers sums, and moves the offset of a normalisation in front of a residual sum behind it:
 * (conv + offset) + x becomes (conv + x) + offset. Here it goes back to the linear node, whose bias it then is, where
 * nothing else reads that node or the sum.
 */
export function withOffsetsAtLinear(nodes: readonly GraphNode[]): readonly GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const readers = new Map<string, number>();
  for (const { inbound } of nodes) for (const name of inbound) readers.set(name, (readers.get(name) ?? 0) + 1);
  const own = ({ node }: TensorName, ops: ReadonlySet<string>) => {
    const source = byName.get(node);
    return source !== undefined && ops.has(source.op) && readers.get(node) === 1 ? source : null;
  };
  const replaced = new Map<string, readonly GraphNode[]>();
  for (const end of nodes) {
    const [left, right] = end.inputs;
    if (!SUMS.has(end.op) || left === undefined || right === undefined || end.inputs.length > 2) continue;
    const [offset, rest] = byName.get(left.node)?.op === 'Const' ? [left, right] : [right, left];
    const sum = byName.get(offset.node)?.op === 'Const' ? own(rest, SUMS) : null;
    const linear = sum?.inputs.find((input) => own(input, LINEAR) !== null);
    const name = `${end.name}/offset`;
    if (!sum || linear === undefined || replaced.has(sum.name) || byName.has(name)) continue;
    const inputs = sum.inputs.map((input) => (input === linear ? { node: name, output: 0 } : input));
    const moved = { ...end, name, op: 'AddV2', inputs: [linear, offset], inbound: [linear.node, offset.node] };
    replaced.set(sum.name, [moved, { ...sum, inputs, inbound: inputs.map(({ node }) => node) }]);
    replaced.set(end.name, [{ ...end, op: 'Identity', inputs: [rest], inbound: [rest.node] }]);
  }
  return nodes.flatMap((node) => replaced.get(node.name) ?? [node]);
}
