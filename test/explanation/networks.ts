import { type Layer, NETWORK_INPUT, type Network, type OutputFunction, shapeAt } from '../../models/network.ts';
import { outputShape, type ShapelessLayer } from '../../models/shapes.ts';
import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { seededRandom } from '../engine/random.ts';

type Unnamed<L> = L extends unknown ? Omit<L, 'name' | 'inputs'> : never;

/** A layer as tests write it down: without its name, its inputs and the shape that follows from them. */
export type LayerSketch = Unnamed<ShapelessLayer>;

/** Puts networks together layer by layer; every layer is named by its type and index. */
export class NetworkSketch {
  readonly inputShape: Shape;
  private readonly layers: Layer[] = [];

  constructor(inputShape: Shape) {
    this.inputShape = inputShape;
  }

  /** Adds a layer that reads the last one, or the given ones; returns its index. */
  add(sketch: LayerSketch, inputs: readonly number[] = [this.last]): number {
    const named = { ...sketch, name: `${sketch.type}${this.layers.length}`, inputs } as ShapelessLayer;
    const shape = outputShape(
      named,
      inputs.map((input) => this.shapeOf(input)),
    );
    this.layers.push({ ...named, shape } as Layer);
    return this.last;
  }

  get last(): number {
    return this.layers.length - 1;
  }

  shapeOf(index: number): Shape {
    return index === NETWORK_INPUT ? this.inputShape : (this.layers[index]?.shape ?? []);
  }

  /** Adds what makes a vector of the last layer's output. */
  flatten(): void {
    const shape = this.shapeOf(this.last);
    if (shape.length > 1 || this.last === NETWORK_INPUT) this.add({ type: 'reshape', shape: [sizeOf(shape)] });
  }

  /** The network that explains the last layer. */
  network(outputFunction: OutputFunction = 'none'): Network {
    const output = this.last;
    return { id: 'sketch', inputShape: this.inputShape, layers: this.layers, output, outputFunction };
  }
}

/** One layer after another, and what makes a vector of the last one's output. */
export function chain(inputShape: Shape, sketches: readonly LayerSketch[]): Network {
  const sketch = new NetworkSketch(inputShape);
  for (const layer of sketches) sketch.add(layer);
  sketch.flatten();
  return sketch.network();
}

/** Number of explained scores. */
export function outputCount(network: Network): number {
  return sizeOf(shapeAt(network, network.output));
}

/** Uniform in [−scale, scale), float32, always the same for a seed. */
export function randomTensor(shape: Shape, seed: number, scale = 1): ArrayTensor {
  const random = seededRandom(seed);
  return arrayTensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => scale * (2 * random() - 1)),
  );
}
