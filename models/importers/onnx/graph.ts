import { importError, quoted } from '../faults.ts';
import type { Onnx } from './proto.ts';

/** The operator sets whose meaning the importer knows. */
const OPERATOR_SETS = { first: 7, last: 21 } as const;

const MAX_NODES = 100_000;

/** A node as the file has it. */
export interface GraphNode {
  /** Of the layer that it becomes: its own, else that of its first output. */
  readonly name: string;
  readonly type: string;
  /** Empty for ONNX' own operators. */
  readonly domain: string;
  /** Names of values; empty where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly Onnx.IAttributeProto[];
}

/** The main graph of a file. */
export interface OnnxGraph {
  readonly opset: number;
  readonly nodes: readonly GraphNode[];
  readonly initializers: ReadonlyMap<string, Onnx.ITensorProto>;
  /** The only input that has no value in the file. */
  readonly input: Onnx.IValueInfoProto;
  readonly outputs: readonly string[];
  /** Operators that the file defines itself, as `domain:type`. */
  readonly functions: ReadonlySet<string>;
}

/** Longest name of a node that becomes the name of a layer. */
const MAX_NAME = 256;

/**
 * The graph of a model, checked as far as its form goes.
 * @throws ElucidError `model-failed`
 */
export function graphOf(model: Onnx.IModelProto): OnnxGraph {
  const { graph } = model;
  if (!graph) throw importError('the ONNX model holds no graph');
  const nodes = (graph.node ?? []).map(nodeOf);
  if (nodes.length > MAX_NODES) throw importError(`the graph has ${nodes.length} nodes; at most ${MAX_NODES} are read`);
  const initializers = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  if (graph.sparseInitializer?.length) throw importError('the graph holds sparse weights, which are not supported');
  return {
    opset: operatorSet(model.opsetImport ?? []),
    nodes,
    initializers,
    input: onlyInput(graph.input ?? [], initializers),
    outputs: (graph.output ?? []).map(({ name }) => name ?? ''),
    functions: new Set((model.functions ?? []).map(({ domain, name }) => `${domain ?? ''}:${name ?? ''}`)),
  };
}

function nodeOf(node: Onnx.INodeProto, position: number): GraphNode {
  const outputs = node.output ?? [];
  const type = node.opType ?? '';
  const own = node.name || outputs.find((output) => output !== '') || '';
  return {
    name: own !== '' && own.length <= MAX_NAME ? own : `${quoted(type)}_${position}`,
    type,
    domain: node.domain === 'ai.onnx' ? '' : (node.domain ?? ''),
    inputs: node.input ?? [],
    outputs,
    attributes: node.attribute ?? [],
  };
}

function operatorSet(imports: readonly Onnx.IOperatorSetIdProto[]): number {
  const own = imports.find(({ domain }) => !domain || domain === 'ai.onnx');
  const version = Number(own?.version ?? 0);
  const { first, last } = OPERATOR_SETS;
  if (version >= first && version <= last) return version;
  throw importError(`the file is written in ONNX' operator set ${version}; ${first} to ${last} are read`);
}

function onlyInput(
  inputs: readonly Onnx.IValueInfoProto[],
  initializers: ReadonlyMap<string, unknown>,
): Onnx.IValueInfoProto {
  const [only, ...others] = inputs.filter(({ name }) => !initializers.has(name ?? ''));
  if (only === undefined) throw importError('the graph has no input');
  if (others.length === 0) return only;
  const names = [only, ...others].slice(0, 10).map(({ name }) => quoted(name ?? ''));
  throw importError(`the graph has ${others.length + 1} inputs (${names.join(', ')}); only one is supported`);
}
