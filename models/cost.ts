import { type Layer, type Network, parametersOf } from './network.ts';
import { sizeOf } from './tensors/tensor.ts';

/** Number of learnt values of a layer. */
export function parameterCount(layer: Layer): number {
  return Object.values(parametersOf(layer)).reduce((sum, tensor) => sum + sizeOf(tensor.shape), 0);
}

/** Multiply-adds of the linear layers in one forward pass of one item. */
export function multiplyAdds(network: Network): number {
  return network.layers.reduce((sum, layer) => sum + layerCost(layer, network), 0);
}

function layerCost(layer: Layer, network: Network): number {
  switch (layer.type) {
    case 'dense':
      return sizeOf(layer.weight.shape);
    case 'conv2d':
      return sizeOf(layer.weight.shape.slice(1)) * sizeOf(layer.shape);
    case 'conv2dTranspose': {
      const [input = -1] = layer.inputs;
      const places = (network.layers[input]?.shape ?? network.inputShape).slice(1);
      return sizeOf(layer.weight.shape) * sizeOf(places);
    }
    default:
      return 0;
  }
}
