import fc from 'fast-check';
import type { Network } from '../../models/network.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { seededRandom } from '../engine/random.ts';
import { type LayerSketch, NetworkSketch, randomTensor } from './networks.ts';

const KINDS = ['convolution', 'strided', 'maxPool', 'averagePool', 'residual', 'branches'] as const;

/** What a random network is made of. */
export interface Recipe {
  readonly size: readonly [number, number, number];
  readonly blocks: readonly { readonly kind: (typeof KINDS)[number]; readonly choice: number }[];
  /** Units of a hidden dense layer; 0 for none. */
  readonly hidden: number;
  readonly seed: number;
}

/** Images of up to 3 × 6 × 6, then up to four blocks, then one or two dense layers. */
export const recipes: fc.Arbitrary<Recipe> = fc.record({
  size: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 6 }), fc.integer({ min: 4, max: 6 })),
  blocks: fc.array(fc.record({ kind: fc.constantFrom(...KINDS), choice: fc.nat(11) }), { minLength: 1, maxLength: 4 }),
  hidden: fc.constantFrom(0, 1, 2, 3, 6),
  seed: fc.nat(100_000),
});

export interface Style {
  readonly biases: boolean;
  /** A ReLU behind every linear layer but the last, or only behind some. */
  readonly rectified: 'all' | 'some';
}

/** Number of explained scores of every random network. */
export const CLASSES = 3;

/** A network of the recipe's topology with random weights; its first layer is a convolution. */
export function randomNetwork({ size, blocks, hidden, seed }: Recipe, style: Style): Network {
  const growing = new GrowingNetwork(size, seed, style);
  growing.convolution([3, 3], 1, 3);
  for (const { kind, choice } of blocks) growing.block(kind, choice);
  growing.sketch.flatten();
  if (hidden > 0) growing.dense(hidden);
  growing.dense(CLASSES, false);
  return growing.sketch.network();
}

/** Inputs in [−1, 1). */
export function randomInput({ size }: Recipe, seed: number): Float32Array {
  return randomTensor([sizeOf(size)], seed).data;
}

class GrowingNetwork {
  readonly sketch: NetworkSketch;
  private readonly random: () => number;
  private readonly style: Style;

  constructor(inputShape: Shape, seed: number, style: Style) {
    this.sketch = new NetworkSketch(inputShape);
    this.random = seededRandom(seed);
    this.style = style;
  }

  block(kind: Recipe['blocks'][number]['kind'], choice: number): void {
    const [, height = 0, width = 0] = this.sketch.shapeOf(this.sketch.last);
    const fits = Math.min(height, width) >= 2;
    const pool = { kernel: [2, 2], stride: [1 + (choice % 2), 1], padding: [0, choice % 2, 0, 0] } as const;
    switch (kind) {
      case 'convolution':
        this.convolution([1 + 2 * (choice % 2), 3], 1, 1 + (choice % 4));
        return;
      case 'strided':
        this.convolution([3, 3], 2, 2 + (choice % 2));
        return;
      case 'maxPool':
        if (fits) this.sketch.add({ type: 'maxPool2d', ...pool });
        return;
      case 'averagePool':
        if (fits)
          this.sketch.add({ type: 'avgPool2d', ...pool, counted: [0, choice % 3 === 1 ? choice % 2 : 0, 0, 0] });
        return;
      case 'residual':
        this.residual();
        return;
      case 'branches':
        this.branches(1 + (choice % 2));
        return;
      default:
        kind satisfies never;
    }
  }

  /** A convolution that keeps the size at stride 1; its weights keep the size of the values. */
  convolution(kernel: readonly [number, number], stride: number, outputs: number, from = this.sketch.last): number {
    const [channels = 0] = this.sketch.shapeOf(from);
    const [kh, kw] = kernel;
    const layer: LayerSketch = {
      type: 'conv2d',
      ...this.parameters([outputs, channels, kh, kw]),
      stride: [stride, stride],
      padding: [(kh - 1) / 2, (kw - 1) / 2, (kh - 1) / 2, (kw - 1) / 2],
      dilation: [1, 1],
      groups: 1,
    };
    this.sketch.add(layer, [from]);
    return this.rectify();
  }

  dense(outputs: number, hidden = true): void {
    const [inputs = 0] = this.sketch.shapeOf(this.sketch.last);
    this.sketch.add({ type: 'dense', ...this.parameters([outputs, inputs]) });
    if (hidden) this.rectify();
  }

  private residual(): void {
    const before = this.sketch.last;
    const [channels = 0] = this.sketch.shapeOf(before);
    const added = this.convolution([3, 3], 1, channels);
    this.sketch.add({ type: 'add', coefficients: null }, [before, added]);
  }

  private branches(outputs: number): void {
    const before = this.sketch.last;
    const left = this.convolution([3, 3], 1, outputs, before);
    const right = this.convolution([1, 1], 1, 2, before);
    this.sketch.add({ type: 'concat', axis: 0 }, [left, right]);
  }

  private rectify(): number {
    if (this.style.rectified === 'some' && this.random() < 0.4) return this.sketch.last;
    return this.sketch.add({ type: 'activation', function: { name: 'relu' } });
  }

  private parameters(shape: Shape) {
    const seed = Math.floor(this.random() * 2 ** 30);
    const weight = randomTensor(shape, seed, Math.sqrt(6 / sizeOf(shape.slice(1))));
    return { weight, bias: this.style.biases ? randomTensor(shape.slice(0, 1), seed + 1, 0.3) : null };
  }
}
