import type { onnx as Onnx } from 'onnx-proto';
import type { Shape } from '../../../models/tensors/tensor.ts';
import type { Value } from '../graph.ts';
import { onnx } from './proto.ts';

export type Attribute = number | string | readonly number[];
export type Attributes = Readonly<Record<string, Attribute>>;

const { AttributeType } = onnx.AttributeProto;
const { DataType } = onnx.TensorProto;

/** Collects the nodes and small constants of an ONNX graph, and names its tensors. */
export class NodeWriter {
  readonly nodes: Onnx.INodeProto[] = [];
  readonly initializers: Onnx.ITensorProto[] = [];
  private readonly names: ReadonlyMap<Value, string>;
  private readonly constants = new Map<string, string>();
  private readonly poolings = new Map<string, Onnx.INodeProto>();
  private temporaries = 0;

  /** @param names the ONNX name of every value of the graph */
  constructor(names: ReadonlyMap<Value, string>) {
    this.names = names;
  }

  nameOf(value: Value): string {
    const name = this.names.get(value);
    if (name === undefined) throw new Error(`value ${value.id} is not part of the graph`);
    return name;
  }

  /** Writes a node whose output is the given value. */
  result(value: Value, type: string, inputs: readonly string[], attributes: Attributes = {}): void {
    this.append(type, inputs, [this.nameOf(value)], attributes);
  }

  /** Writes a node with a new output, and returns its name. */
  node(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.temporary(type);
    this.append(type, inputs, [output], attributes);
    return output;
  }

  /** Writes a MaxPool whose output is the given value. */
  maxPool(value: Value, x: string, attributes: Attributes): void {
    this.poolings.set(poolingKey(x, attributes), this.append('MaxPool', [x], [this.nameOf(value)], attributes));
  }

  /** The places of each window's first maximum in the flattened x: a second output of x's MaxPool where there is one. */
  maxPoolIndices(x: string, attributes: Attributes): string {
    const key = poolingKey(x, attributes);
    const pooling = this.poolings.get(key) ?? this.append('MaxPool', [x], [this.temporary('maxima')], attributes);
    this.poolings.set(key, pooling);
    const [maxima = '', indices = this.temporary('indices')] = pooling.output ?? [];
    pooling.output = [maxima, indices];
    return indices;
  }

  /** An int64 constant; a vector unless a shape is given. */
  integers(values: readonly number[], shape: Shape = [values.length]): string {
    const raw = BigInt64Array.from(values, BigInt);
    return this.constantOf(DataType.INT64, shape, new Uint8Array(raw.buffer));
  }

  /** A float32 constant. */
  floats(values: readonly number[], shape: Shape): string {
    return this.constantOf(DataType.FLOAT, shape, new Uint8Array(Float32Array.from(values).buffer));
  }

  private constantOf(dataType: number, shape: Shape, rawData: Uint8Array): string {
    const key = `${dataType} [${shape.join()}] ${Buffer.from(rawData).toString('base64')}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.temporary('constant');
    this.constants.set(key, name);
    this.initializers.push({ name, dataType, dims: [...shape], rawData });
    return name;
  }

  private append(
    type: string,
    input: readonly string[],
    output: readonly string[],
    attributes: Attributes,
  ): Onnx.INodeProto {
    const node: Onnx.INodeProto = {
      name: `${type}_${this.nodes.length}`,
      opType: type,
      input: [...input],
      output: [...output],
      attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
    };
    this.nodes.push(node);
    return node;
  }

  private temporary(what: string): string {
    this.temporaries += 1;
    return `${what}_t${this.temporaries}`;
  }
}

function poolingKey(x: string, attributes: Attributes): string {
  return `${x} ${JSON.stringify(attributes)}`;
}

function attributeOf(name: string, value: Attribute): Onnx.IAttributeProto {
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  return { name, type: AttributeType.INTS, ints: [...value] };
}
