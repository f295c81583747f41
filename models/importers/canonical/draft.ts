import type { Layer } from '../../network.ts';
import { LayerShapeError, outputShape, type ShapelessLayer } from '../../shapes.ts';
import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault, importError } from '../faults.ts';

/** A softmax or its logarithm: legal only at the end of a classification, where it is stripped. */
export interface ProbabilityLayer {
  readonly type: 'probability';
  readonly function: 'softmax' | 'log-softmax';
  readonly name: string;
  readonly inputs: readonly number[];
  readonly shape: Shape;
}

export type DraftLayer = Layer | ProbabilityLayer;

/** A network in the making: what an importer built, before batch normalisations, padding and the output are folded. */
export interface Draft {
  readonly inputShape: Shape;
  /** In topological order; inputs are indices as in `Network`. */
  readonly layers: readonly DraftLayer[];
  /** Index of the layer that the model itself ends with. */
  readonly output: number;
}

export type DraftSpec = ShapelessLayer | Omit<ProbabilityLayer, 'shape'>;

/** More layers than any network we know of; bounds the time an import can take. */
export const MAX_LAYERS = 5_000;

/** Collects layers in topological order; infers and checks the shape of each. */
export class DraftBuilder {
  private readonly layers: DraftLayer[] = [];
  private readonly names = new Set<string>();
  readonly inputShape: Shape;

  constructor(inputShape: Shape) {
    this.inputShape = inputShape;
  }

  /**
   * Adds a layer and returns its index. A name that is taken gets a number.
   * @throws ImportFault when the layer does not fit its inputs or parameters.
   */
  add(layer: DraftSpec): number {
    if (this.layers.length >= MAX_LAYERS) throw importError(`the network has more than ${MAX_LAYERS} layers`);
    const name = this.freeName(layer.name);
    this.layers.push(
      shaped(
        { ...layer, name },
        layer.inputs.map((index) => this.shapeOf(index)),
      ),
    );
    this.names.add(name);
    return this.layers.length - 1;
  }

  /** Shape of a layer's output, or of the network's input. */
  shapeOf(index: number): Shape {
    return this.layers[index]?.shape ?? this.inputShape;
  }

  finish(output: number): Draft {
    return { inputShape: this.inputShape, layers: [...this.layers], output };
  }

  private freeName(name: string): string {
    let free = name;
    for (let number = 1; this.names.has(free); number += 1) free = `${name}_${number}`;
    return free;
  }
}

function shaped(layer: DraftSpec, inputs: readonly Shape[]): DraftLayer {
  if (layer.type === 'probability') return { ...layer, shape: inputs[0] ?? [] };
  try {
    return { ...layer, shape: outputShape(layer, inputs) };
  } catch (error) {
    throw error instanceof LayerShapeError ? new ImportFault(error.message) : error;
  }
}

/** Indices of the layers that read each layer's output. */
export function consumersOf(draft: Draft): readonly (readonly number[])[] {
  const consumers: number[][] = draft.layers.map(() => []);
  for (const [index, layer] of draft.layers.entries()) {
    for (const input of new Set(layer.inputs)) consumers[input]?.push(index);
  }
  return consumers;
}

/** A change of a draft: layers that take the place of others, and layers that are read in the place of others. */
export interface Rewrite {
  readonly replace: ReadonlyMap<number, DraftLayer>;
  readonly redirect: ReadonlyMap<number, number>;
}

/** Applies a change; a layer that is redirected stays, unread, until `prune`. */
export function rewrite(draft: Draft, { replace, redirect }: Rewrite): Draft {
  const target = (index: number) => redirect.get(index) ?? index;
  const layers = draft.layers.map((old, index): DraftLayer => {
    const layer = replace.get(index) ?? old;
    return layer.inputs.some((input) => redirect.has(input)) ? { ...layer, inputs: layer.inputs.map(target) } : layer;
  });
  return { ...draft, layers, output: target(draft.output) };
}

/** Drops every layer that the output does not depend on. */
export function prune(draft: Draft): Draft {
  const needed = new Set<number>();
  const pending = [draft.output];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    if (index < 0 || needed.has(index)) continue;
    needed.add(index);
    pending.push(...(draft.layers[index]?.inputs ?? []));
  }
  const place = new Map<number, number>();
  for (const index of draft.layers.keys()) if (needed.has(index)) place.set(index, place.size);
  const moved = (index: number) => place.get(index) ?? index;
  const layers = draft.layers
    .filter((_, index) => needed.has(index))
    .map((layer): DraftLayer => ({ ...layer, inputs: layer.inputs.map(moved) }));
  return { ...draft, layers, output: moved(draft.output) };
}
