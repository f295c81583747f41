import { allFinite } from '../../../tensors/finite.ts';
import { arrayTensor, type Shape } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { channelwise } from './channelwise.ts';
import type { GraphBuilding } from './operation.ts';
import type { Computed } from './values.ts';

/** One number for each element of a constant's shape, by its place. */
type Numbers = (place: number) => number;

/**
 * x ↦ scale x + offset, where scale and offset are broadcast from constants of one shape.
 * @throws ImportFault when the shape does not fit or a number is not finite.
 */
export function affine(
  name: string,
  value: Computed,
  map: { readonly shape: Shape; readonly scale: Numbers; readonly offset: Numbers },
  building: GraphBuilding,
): Computed {
  const { value: input, read } = channelwise(name, value, map.shape, building);
  const places = Array.from({ length: map.shape.reduce((a, b) => a * b, 1) }, (_, place) => place);
  const scale = read(places.map(map.scale));
  const offset = read(places.map(map.offset));
  if (![scale, offset].every(allFinite)) throw new ImportFault('its constants give numbers that are not finite');
  const index = building.draft.add({
    type: 'affine',
    name,
    inputs: [input.index],
    scale: arrayTensor([scale.length], scale),
    offset: arrayTensor([offset.length], offset),
  });
  return { ...input, index };
}
