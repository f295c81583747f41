import type { ImportedOutput } from '../../models/importers/importer.ts';
import { importTfjs } from '../../models/importers/tfjs/tfjs.ts';
import type { Network } from '../../models/network.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { randomNumbers } from './kerasLayers.ts';
import { sourceOf } from './kerasModel.ts';

type Attribute = Readonly<Record<string, unknown>>;
type Attributes = Readonly<Record<string, Attribute>>;

/** Attributes as the JSON form of a GraphDef has them. */
export const ints = (...list: readonly number[]): Attribute => ({ list: { i: list.map(String) } });
export const int = (value: number): Attribute => ({ i: String(value) });
export const float = (value: number): Attribute => ({ f: value });
export const flag = (value: boolean): Attribute => ({ b: value });
export const type = (value: string): Attribute => ({ type: value });
export const text = (value: string): Attribute => ({ s: Buffer.from(value).toString('base64') });
export const texts = (...list: readonly string[]): Attribute => ({
  list: { s: list.map((value) => Buffer.from(value).toString('base64')) },
});

interface ConstantSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: 'float32' | 'int32';
  readonly data: readonly number[];
}

/** A graph model made by hand: a GraphDef and the weights of its constants, as `tensorflowjs_converter` 4.22 writes them. */
export class GraphModel {
  readonly inputShape: Shape;
  private readonly nodes: Record<string, unknown>[] = [];
  private readonly constants: ConstantSpec[] = [];
  private readonly outputs: [string, string][] = [];
  private readonly random: () => number;

  /** `inputShape` is TensorFlow's, without the batch. */
  constructor(inputShape: Shape, seed = 1) {
    this.inputShape = inputShape;
    this.random = randomNumbers(seed);
    const dim = [-1, ...inputShape].map((side) => ({ size: String(side) }));
    this.nodes.push({ name: 'x', op: 'Placeholder', attr: { dtype: type('DT_FLOAT'), shape: { shape: { dim } } } });
  }

  /** Adds a node and returns its name. */
  node(name: string, op: string, input: readonly string[], attr: Attributes = {}): string {
    this.nodes.push({ name, op, input, attr: { T: type('DT_FLOAT'), ...attr } });
    return name;
  }

  /** A constant of random numbers. */
  random32(name: string, shape: Shape, low = -1, high = 1): string {
    const data = Array.from({ length: sizeOf(shape) }, () => low + (high - low) * this.random());
    return this.constant({ name, shape, dtype: 'float32', data });
  }

  float32(name: string, shape: Shape, ...data: readonly number[]): string {
    return this.constant({ name, shape, dtype: 'float32', data });
  }

  /** A list of integers, or one. */
  int32(name: string, value: number | readonly number[]): string {
    const isOne = typeof value === 'number';
    return this.constant({ name, shape: isOne ? [] : [value.length], dtype: 'int32', data: isOne ? [value] : value });
  }

  /** Pairs of integers, one for each axis. */
  pairs(name: string, ...list: readonly (readonly [number, number])[]): string {
    return this.constant({ name, shape: [list.length, 2], dtype: 'int32', data: list.flat() });
  }

  private constant(spec: ConstantSpec): string {
    const dtype = spec.dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT';
    const tensorShape = { dim: spec.shape.map((side) => ({ size: String(side) })) };
    this.nodes.push({
      name: spec.name,
      op: 'Const',
      attr: { dtype: type(dtype), value: { tensor: { dtype, tensorShape } } },
    });
    this.constants.push(spec);
    return spec.name;
  }

  /** Flattens as Keras does, by shape arithmetic, and multiplies with a random matrix: a vector of `units`. */
  head(input: string, size: number, units = 3): string {
    const shape = this.node('head/Shape', 'Shape', [input]);
    const bounds = [this.int32('head/0', [0]), this.int32('head/1', [1]), this.int32('head/2', [1])];
    const batch = this.node('head/batch', 'StridedSlice', [shape, ...bounds], {
      shrink_axis_mask: int(1),
      begin_mask: int(0),
      end_mask: int(0),
    });
    const target = this.node('head/target', 'Pack', [batch, this.int32('head/rest', -1)], { axis: int(0), N: int(2) });
    const flat = this.node('head/flat', 'Reshape', [input, target]);
    return this.node('head/logits', 'MatMul', [flat, this.random32('head/matrix', [size, units])]);
  }

  /** Makes a node an output, under a key of the signature. */
  output(node: string, key = 'output_0'): this {
    this.outputs.push([key, node]);
    return this;
  }

  /** The GraphDef. */
  topology(): object {
    return { node: this.nodes, library: {}, versions: { producer: 2474 } };
  }

  /** What the weights file holds. */
  weightSpecs(): { name: string; shape: number[]; dtype: 'float32' | 'int32' }[] {
    return this.constants.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype }));
  }

  /** The content of model.json. */
  json(): Record<string, unknown> {
    const signature = {
      inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT' } },
      outputs: Object.fromEntries(this.outputs.map(([key, node]) => [key, { name: `${node}:0`, dtype: 'DT_FLOAT' }])),
    };
    return {
      format: 'graph-model',
      generatedBy: '2.21.0',
      convertedBy: 'TensorFlow.js Converter v4.22.0',
      signature,
      modelTopology: this.topology(),
      weightsManifest: [{ paths: ['weights.bin'], weights: this.weightSpecs() }],
    };
  }

  /** The content of the weights file. */
  bytes(): Uint8Array<ArrayBuffer> {
    const parts = this.constants.map(
      ({ dtype, data }) => new Uint8Array((dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data)).buffer),
    );
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let begin = 0;
    for (const part of parts) {
      all.set(part, begin);
      begin += part.length;
    }
    return all;
  }
}

/** Imports a graph model; `inputShape` is channels first unless given. */
export async function importedGraph(model: GraphModel, output?: ImportedOutput, inputShape?: Shape): Promise<Network> {
  const shape = inputShape ?? [...model.inputShape.slice(-1), ...model.inputShape.slice(0, -1)];
  return { id: 'test', ...(await importTfjs(sourceOf(model.json(), { 'weights.bin': model.bytes() }, shape, output))) };
}
