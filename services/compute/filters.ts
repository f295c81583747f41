import type { Network } from '../../models/network.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { faultAt } from '../../schemas/errors.ts';
import { firstLinear } from '../explanation/composites.ts';

/** How many names a message lists. */
const SHOWN = 20;

/** A layer whose weights can be looked at as filters. */
export interface FilterLayer {
  readonly index: number;
  /** Of its weights: [out, in / groups, kh, kw]. */
  readonly shape: Shape;
}

/**
 * A convolution that sees the input: one that is reached from it through no other linear layer.
 * @throws ElucidError `unknown-layer` that names the layers, or `not-applicable` that names those that qualify
 */
export function filterLayer(network: Network, name: string): FilterLayer {
  const index = network.layers.findIndex((layer) => layer.name === name);
  const layer = network.layers[index];
  const seeing = [...firstLinear(network)].filter((first) => network.layers[first]?.type === 'conv2d');
  if (layer === undefined) {
    const names = listed(network.layers.map((other) => other.name));
    throw faultAt('unknown-layer', '/layer', `there is no layer ${JSON.stringify(name)}; there are ${names}`);
  }
  if (layer.type === 'conv2d' && seeing.includes(index)) return { index, shape: layer.weight.shape };
  const allowed =
    seeing.length === 0
      ? 'this model has none'
      : `here: ${listed(seeing.map((first) => network.layers[first]?.name ?? ''))}`;
  const detail = `filters are those of a convolution that sees the input, and ${name} (${layer.type}) is none; ${allowed}`;
  throw faultAt('not-applicable', '/layer', detail);
}

function listed(names: readonly string[]): string {
  const rest = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  return `${names.slice(0, SHOWN).join(', ')}${rest}`;
}
