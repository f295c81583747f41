import type { LayerWeights } from '../weights.ts';
import type { Attributes } from './attributes.ts';
import type { GraphNode } from './graphDef.ts';

const CONVOLUTIONS: ReadonlySet<string> = new Set([
  'Conv2D',
  '_FusedConv2D',
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2dNative',
]);

/** What may stand between a convolution and its BatchToSpaceND: it does the same to each of the images. */
const BETWEEN: ReadonlySet<string> = new Set(['BiasAdd', 'Relu', 'Relu6', 'Elu', 'Selu', 'LeakyRelu', 'Squeeze']);

/**
 * TensorFlow writes a dilated convolution as SpaceToBatchND, a convolution of stride 1 without padding, BatchToSpaceND.
 * Here the convolution gets the dilation, and as its padding what is left of theirs when the crops are taken off; the
 * other two pass on what they get. An image of side s, a multiple of the block d, split into d images has
 * s/d − k + 1 windows in each; together these are the s − d(k − 1) windows of the dilated kernel. Nodes that are not
 * of this form stay as they are.
 */
export function withDilations(nodes: readonly GraphNode[], weights: LayerWeights): readonly GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const replaced = new Map<string, GraphNode>();
  const chains = chainsIn(nodes, byName);
  for (const { begin, convolution, end } of chains) {
    const constants = integersOf(byName, weights);
    const unit = unitAxis(byName.get(convolution.inputs[0]?.node ?? ''), begin, constants);
    const attributes = dilated({ begin, convolution, end }, unit, constants);
    if (attributes === null) continue;
    replaced.set(convolution.name, { ...convolution, attributes });
    for (const node of [begin, end]) replaced.set(node.name, passing(node));
  }
  return nodes.map((node) => replaced.get(node.name) ?? node);
}

interface Chain {
  readonly begin: GraphNode;
  readonly convolution: GraphNode;
  readonly end: GraphNode;
}

/** All chains SpaceToBatchND … BatchToSpaceND through one convolution, between which nothing else reads. */
function chainsIn(nodes: readonly GraphNode[], byName: ReadonlyMap<string, GraphNode>): readonly Chain[] {
  const readers = new Map<string, number>();
  for (const { inbound } of nodes) for (const name of inbound) readers.set(name, (readers.get(name) ?? 0) + 1);
  const sourceOf = (node: GraphNode | undefined, allowed: ReadonlySet<string>) => {
    let source = byName.get(node?.inputs[0]?.node ?? '');
    for (let length = 0; source !== undefined && readers.get(source.name) === 1 && length < 8; length += 1) {
      if (!allowed.has(source.op)) return source;
      source = byName.get(source.inputs[0]?.node ?? '');
    }
    return undefined;
  };
  return nodes
    .filter(({ op }) => op === 'BatchToSpaceND')
    .flatMap((end) => {
      const convolution = sourceOf(end, BETWEEN);
      const begin = sourceOf(convolution, new Set(['ExpandDims']));
      const isChain = convolution && begin && CONVOLUTIONS.has(convolution.op) && begin.op === 'SpaceToBatchND';
      return isChain ? [{ begin, convolution, end }] : [];
    });
}

function passing(node: GraphNode): GraphNode {
  return { ...node, op: 'Identity', inputs: node.inputs.slice(0, 1), inbound: node.inbound.slice(0, 1) };
}

type Integers = (node: GraphNode, input: number) => readonly number[];

/** Reads the constants that a node reads; nothing where they are none. */
function integersOf(byName: ReadonlyMap<string, GraphNode>, weights: LayerWeights): Integers {
  return (node, input) => {
    const source = byName.get(node.inputs[input]?.node ?? '');
    return source?.op === 'Const' ? Array.from(weights.constant(source.name).data) : [];
  };
}

/**
 * The axis of an image, batch first, that an ExpandDims makes of a signal; 3, the channels, where an image is split. NaN
 * when neither is known to be so.
 */
function unitAxis(source: GraphNode | undefined, begin: GraphNode, integers: Integers): number {
  if (source?.name === begin.name) return 3;
  const [axis = Number.NaN] = source?.inputs[0]?.node === begin.name ? integers(source, 1) : [];
  return axis < 0 ? axis + 4 : axis;
}

/** What is stated for rows and columns, with `rest` for the side that nothing is stated for. */
function perSide<T>(stated: readonly T[], unit: number, rest: T): readonly T[] {
  return unit === 1 ? [rest, ...stated] : [...stated, rest].slice(0, 2);
}

/**
 * The attributes of the dilated convolution; null when the three are not one.
 * @param unit see `unitAxis`: a signal is split along the other side of its image, an image along its first sides
 */
function dilated({ begin, convolution, end }: Chain, unit: number, integers: Integers): Attributes | null {
  const { attributes } = convolution;
  const block = integers(begin, 1);
  const isSame = block.join() === integers(end, 1).join();
  const [padded, crops] = [integers(begin, 2), integers(end, 2)];
  const axes = block.length;
  const isPlain =
    attributes.text('padding', '') === 'VALID' &&
    attributes.text('data_format', 'NHWC') === 'NHWC' &&
    [...attributes.integers('strides'), ...attributes.integers('dilations')].every((step) => step === 1);
  const sides = unit === 3 ? 2 : unit === 1 || unit === 2 ? 1 : 0;
  if (!isPlain || !isSame || axes < 1 || axes > sides || padded.length !== 2 * axes || crops.length !== 2 * axes)
    return null;
  const left = padded.map((cells, side) => cells - (crops[side] ?? 0));
  if (left.some((cells) => cells < 0)) return null;
  const pairs = Array.from({ length: axes }, (_, axis) => left.slice(2 * axis, 2 * axis + 2));
  return attributes.with({
    padding: 'EXPLICIT',
    dilations: [1, ...perSide(block, unit, 1), 1],
    explicit_paddings: [0, 0, ...perSide(pairs, unit, [0, 0]).flat(), 0, 0],
  });
}
