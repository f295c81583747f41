import { z } from 'zod';
import { importError, quoted } from '../../faults.ts';
import { parsed } from '../topology.ts';
import { shapeSchema } from './attributes.ts';
import { type GraphNode, type TensorName, tensorName } from './graphDef.ts';

const name = z.string().min(1).max(1024);
const tensorSchema = z.object({ name: name.optional(), tensorShape: shapeSchema.optional() });
const signatureSchema = z.object({
  inputs: z.record(z.string(), tensorSchema).default({}),
  outputs: z.record(z.string(), tensorSchema).default({}),
});

/** One of a model's outputs: the name that the signature gives it, and what it is in the graph. */
export interface GraphOutput {
  readonly key: string;
  readonly tensor: TensorName;
}

/** What a graph model says of its inputs and outputs. */
export interface Signature {
  readonly outputs: readonly GraphOutput[];
  /** Shapes of inputs, by their nodes' names. */
  readonly inputShapes: ReadonlyMap<string, readonly number[]>;
}

const metadataSchema = z.object({ signature: z.unknown().optional() }).catch({});

/**
 * Reads the signature of a graph model; older converters put it into the metadata. Without one, the outputs are the nodes
 * that no other reads.
 * @throws ElucidError `model-failed`
 */
export function readSignature(
  file: { readonly signature?: unknown; readonly userDefinedMetadata?: unknown },
  nodes: readonly GraphNode[],
): Signature {
  const given = file.signature ?? metadataSchema.parse(file.userDefinedMetadata).signature;
  const { inputs, outputs } = parsed(signatureSchema, given ?? {}, 'signature');
  const stated = Object.entries(outputs).map(([key, tensor]) => ({ key, tensor: tensorName(tensor.name ?? key) }));
  const shapes = Object.entries(inputs).flatMap(([key, { name: own, tensorShape }]) =>
    tensorShape ? [[tensorName(own ?? key).node, tensorShape] as const] : [],
  );
  const found = stated.length > 0 ? stated : lastNodes(nodes);
  const names = new Set(nodes.map((node) => node.name));
  const unknown = found.filter(({ tensor }) => !names.has(tensor.node));
  if (unknown.length > 0) {
    throw importError(
      `the signature names ${unknown.map(({ tensor }) => quoted(tensor.node)).join(', ')}, which are no nodes of the graph`,
    );
  }
  return { outputs: found, inputShapes: new Map(shapes) };
}

function lastNodes(nodes: readonly GraphNode[]): readonly GraphOutput[] {
  const read = new Set(nodes.flatMap(({ inbound }) => inbound));
  return nodes
    .filter(({ name: own, op }) => !read.has(own) && !['NoOp', 'Const', 'Placeholder'].includes(op))
    .map(({ name: own }) => ({ key: own, tensor: { node: own, output: 0 } }));
}

/** What is to be explained: outputs of the graph, and the layer before the first of them if it is not that itself. */
export interface Chosen {
  readonly outputs: readonly GraphOutput[];
  readonly layer: string | null;
}

/**
 * Finds what the manifest's `output.layer` names: an output, by its key or tensor, or else something before the outputs.
 * @throws ElucidError when it names nothing and there are several outputs, or none.
 */
export function chosenOutputs({ outputs }: Signature, layer: string | null): Chosen {
  const named = outputs.filter(
    ({ key, tensor }) => layer !== null && [key, tensor.node, `${tensor.node}:${tensor.output}`].includes(layer),
  );
  if (named.length === 1) return { outputs: named, layer: null };
  if (outputs.length === 0) throw importError('the graph has no output');
  if (layer !== null || outputs.length === 1) return { outputs, layer };
  const keys = outputs.map(({ key }) => quoted(key)).join(', ');
  throw importError(`the model has several outputs (${keys}); output.layer of the manifest has to name one`);
}
