import { sizeOf } from '../../tensors/tensor.ts';
import { FaultList, ImportFault, importError, quoted } from '../faults.ts';
import { ACTIVATION_READERS } from './activations.ts';
import { ARITHMETIC_READERS } from './arithmetic.ts';
import { Attributes } from './attributes.ts';
import { CONVOLUTION_READERS } from './convolution.ts';
import { DENSE_READERS } from './dense.ts';
import { constantOf, FOLDED_OPERATORS, fold } from './folding/fold.ts';
import { Budget } from './folding/node.ts';
import type { GraphNode, OnnxGraph } from './graph.ts';
import type { Building, NodeReader } from './node.ts';
import { NORMALISATION_READERS } from './normalisation.ts';
import { PASSING_READERS } from './passing.ts';
import { POOLING_READERS } from './pooling.ts';
import { REFUSALS, SHAPE_KEEPING } from './refusals.ts';
import { SELECTION_READERS } from './selection.ts';
import { SHAPING_READERS } from './shaping.ts';
import { readTensor } from './tensors.ts';
import type { Computed, Constant, OnnxValue } from './values.ts';

const READERS: Readonly<Record<string, NodeReader>> = {
  ...CONVOLUTION_READERS,
  ...DENSE_READERS,
  ...NORMALISATION_READERS,
  ...POOLING_READERS,
  ...ACTIVATION_READERS,
  ...ARITHMETIC_READERS,
  ...SHAPING_READERS,
  ...SELECTION_READERS,
  ...PASSING_READERS,
};

/** The operators that are read where an input of theirs is computed. */
export const ONNX_OPERATORS: readonly string[] = Object.keys(READERS);

const KNOWN: ReadonlySet<string> = new Set([...ONNX_OPERATORS, ...FOLDED_OPERATORS]);

/** Values that constants may be folded to in any file, and for each byte of the file. */
const FREE_VALUES = 2 ** 22;
const VALUES_PER_BYTE = 1;

/** Builds the layers of a graph, node by node. */
export class GraphImport {
  private readonly graph: OnnxGraph;
  private readonly building: Building;
  private readonly budget: Budget;
  private readonly faults = new FaultList();
  private readonly values = new Map<string, OnnxValue>();
  /** Values of nodes that could not be built. */
  private readonly broken = new Set<string>();

  /** @param bytes size of the files, which bounds the constants that are made of them */
  constructor(graph: OnnxGraph, building: Building, bytes: number) {
    this.graph = graph;
    this.building = building;
    this.budget = new Budget(FREE_VALUES + bytes * VALUES_PER_BYTE);
  }

  /**
   * Builds nodes that stand in topological order. What cannot be built is collected; of what depends on it, only what is
   * refused in any case is named too.
   * @param end the value that is needed of them
   * @throws ElucidError `model-failed`
   */
  build(nodes: readonly GraphNode[], input: { readonly name: string; readonly value: Computed }, end: string): void {
    this.values.set(input.name, input.value);
    const needed = new Set([end, ...nodes.flatMap(({ inputs }) => inputs)]);
    for (const node of nodes) {
      try {
        this.buildNode(node, needed);
      } catch (error) {
        if (!(error instanceof ImportFault)) throw error;
        this.goOnWithout(node);
        this.faults.add(node.name, node.domain === '' ? node.type : `${node.domain}.${node.type}`, error.message);
      }
    }
    this.faults.throwIfAny();
  }

  /** A value that was built. @throws ElucidError when it does not depend on the network's input. */
  computed(name: string): Computed {
    const value = this.values.get(name);
    if (value?.kind === 'computed') return value;
    throw importError(`the output ${quoted(name)} of the graph does not depend on its input`);
  }

  private buildNode(node: GraphNode, needed: ReadonlySet<string>): void {
    this.refuse(node);
    if (node.inputs.some((name) => this.broken.has(name))) {
      for (const output of node.outputs) this.broken.add(output);
      return;
    }
    const attributes = new Attributes(node.attributes);
    const outputs = this.outputsOf(node, attributes);
    attributes.refuseUnread();
    for (const [position, name] of node.outputs.entries()) {
      const value = outputs[position];
      if (value !== undefined) this.values.set(name, value);
      else if (needed.has(name)) throw new ImportFault(`its output ${position + 1} (${quoted(name)}) is not supported`);
    }
  }

  private outputsOf(node: GraphNode, attributes: Attributes): readonly OnnxValue[] {
    const { type } = node;
    if (type === 'Constant') return [constantOf(attributes, this.building.external)];
    const { opset } = this.graph;
    const inputs = node.inputs.map((name) => this.valueOf(name));
    const constants = inputs.filter((value): value is Constant | null => value?.kind !== 'computed');
    if (constants.length === inputs.length) {
      return [fold({ type, opset, inputs: constants, attributes, budget: this.budget })];
    }
    const read = READERS[type];
    if (read === undefined) throw new ImportFault('is computed only of constants');
    return read({ name: node.name, type, opset, inputs, outputs: node.outputs.length, attributes }, this.building);
  }

  private refuse({ type, domain }: GraphNode): void {
    if (this.graph.functions.has(`${domain}:${type}`)) {
      throw new ImportFault('is a function of the file; export with functions inlined');
    }
    if (domain !== '') throw new ImportFault(`operators of the domain ${quoted(domain)} are not supported`);
    const reason = Object.hasOwn(REFUSALS, type) ? REFUSALS[type] : undefined;
    if (reason !== undefined) throw new ImportFault(reason);
    if (!KNOWN.has(type)) throw new ImportFault('operators of this type are not supported');
  }

  /** In the place of a node that failed: its largest input where that has the right shape, else nothing. */
  private goOnWithout({ type, inputs, outputs }: GraphNode): void {
    const known = inputs.map((name) => this.values.get(name)).filter((value) => value?.kind === 'computed');
    const largest = known.reduce((a, b) => (sizeOf(b?.shape ?? []) > sizeOf(a?.shape ?? []) ? b : a), known[0]);
    for (const [position, output] of outputs.entries()) {
      if (position === 0 && largest !== undefined && SHAPE_KEEPING.has(type)) this.values.set(output, largest);
      else this.broken.add(output);
    }
  }

  /** An input by name; null where it is left out. Weights are read when a node asks for them first. */
  private valueOf(name: string): OnnxValue | null {
    if (name === '') return null;
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const tensor = this.graph.initializers.get(name);
    if (tensor === undefined) throw new ImportFault(`reads ${quoted(name)}, which nothing computes`);
    const value = readTensor(tensor, this.building.external);
    this.values.set(name, value);
    return value;
  }
}
