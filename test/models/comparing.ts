import { type Layer, type LayerType, layerAt, type Network } from '../../models/network.ts';

/** Relative to the largest expected value. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, k) => Math.abs(value - (actual[k] ?? Number.NaN)))) / scale;
}

/** The types of a network's layers, in order. */
export function typesOf(network: Network): readonly LayerType[] {
  return network.layers.map(({ type }) => type);
}

/** The layer with the given name and type. */
export function layerNamed<T extends LayerType>(network: Network, name: string, type: T): Extract<Layer, { type: T }> {
  const layer = layerAt(
    network,
    network.layers.findIndex((candidate) => candidate.name === name),
  );
  if (!isOfType(layer, type)) throw new TypeError(`${name} is a ${layer.type}`);
  return layer;
}

function isOfType<T extends LayerType>(layer: Layer, type: T): layer is Extract<Layer, { type: T }> {
  return layer.type === type;
}
