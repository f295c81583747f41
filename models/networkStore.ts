import { createHash } from 'node:crypto';
import { type Layer, type Network, parametersOf } from './network.ts';
import { decodeNetwork, encodeNetwork } from './networkFile.ts';
import { seal, unseal } from './tensors/sealed.ts';
import type { TensorStore } from './tensors/store.ts';
import { sizeOf, type Tensor } from './tensors/tensor.ts';

const FILE = 'network.json';

/** Tensors with at most this many values stay inside network.json. */
const INLINE_VALUES = 256;

/**
 * Reads the structure of an imported network; null when the store does not hold it, or damaged, or of another version.
 * Touches no weights: use `isComplete` to know whether they are there.
 */
export async function loadNetwork(id: string, store: TensorStore): Promise<Network | null> {
  const bytes = await store.readFile(id, FILE);
  const text = bytes === null ? null : unseal(bytes);
  if (text === null) return null;
  await store.touch(id, [FILE]);
  return decodeNetwork(id, new TextEncoder().encode(text));
}

/** Whether the store holds every tensor of a network, with the right size. */
export async function isComplete(network: Network, store: TensorStore): Promise<boolean> {
  for (const tensor of network.layers.flatMap((layer) => Object.values(parametersOf(layer)))) {
    if (tensor.kind === 'stored' && !(await store.has(tensor))) return false;
  }
  return true;
}

/**
 * Writes a network into the store, its parameters by the hash of their content and network.json last, so that whoever
 * finds that file finds everything. Several processes may do so at once.
 * @returns the network with references to what was written; small tensors stay arrays
 */
export async function saveNetwork(network: Network, store: TensorStore): Promise<Network> {
  const layers: Layer[] = [];
  for (const layer of network.layers) layers.push(await storedLayer(layer, (tensor) => put(tensor, network.id, store)));
  const stored = { ...network, layers };
  await store.writeFile(network.id, FILE, seal(new TextDecoder().decode(encodeNetwork(stored))));
  return stored;
}

type Put = (tensor: Tensor) => Promise<Tensor>;

async function storedLayer(layer: Layer, store: Put): Promise<Layer> {
  switch (layer.type) {
    case 'dense':
    case 'conv2d':
    case 'conv2dTranspose':
      return { ...layer, weight: await store(layer.weight), bias: layer.bias && (await store(layer.bias)) };
    case 'affine':
      return { ...layer, scale: await store(layer.scale), offset: await store(layer.offset) };
    case 'activation':
      if (layer.function.name !== 'prelu') return layer;
      return { ...layer, function: { ...layer.function, slope: await store(layer.function.slope) } };
    default:
      return layer;
  }
}

async function put(tensor: Tensor, folder: string, store: TensorStore): Promise<Tensor> {
  if (tensor.kind === 'stored' || sizeOf(tensor.shape) <= INLINE_VALUES) return tensor;
  const { buffer, byteOffset, byteLength } = tensor.data;
  const key = createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
  const stored = { kind: 'stored', shape: tensor.shape, folder, key } as const;
  await store.write(stored, tensor.data);
  return stored;
}
