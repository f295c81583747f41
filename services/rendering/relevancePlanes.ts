import { channelSums } from '../../models/tensors/channelSums.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import type { Plane } from './resample.ts';

/** What is drawn of a batch of relevances. */
export interface RelevancePlanes {
  /** One plane per item, [H, W]; a strip is one pixel high. */
  readonly planes: readonly Plane[];
  /** Whether the items have no height: vectors and signals. */
  readonly strip: boolean;
}

/**
 * Relevance [N, C, H, W] to N planes R_p = Σ_c R_cp. A signal [N, C, L] becomes strips of length L, summed over channels
 * too; a vector [N, D] becomes strips of length D; an image one pixel high is a strip as well.
 * @throws RangeError for a tensor without a batch, an empty one, or one of more than four dimensions.
 */
export function relevancePlanes(relevance: ArrayTensor): RelevancePlanes {
  const { shape } = relevance;
  const [count, ...item] = shape;
  if (count === undefined || count < 1 || item.length > 3) {
    throw new RangeError(
      `relevance to be drawn has the shape [N, ...] of up to 4 dimensions, got [${shape.join(', ')}]`,
    );
  }
  const [channels, height, width] = asImage(item);
  const { data } = channelSums(arrayTensor([count, channels, height, width], relevance.data));
  const plane = height * width;
  const planes = Array.from({ length: count }, (_, n) => {
    return { width, height, data: data.subarray(n * plane, (n + 1) * plane) };
  });
  return { planes, strip: height === 1 };
}

/** An item's shape as [C, H, W]. */
function asImage(item: readonly number[]): [channels: number, height: number, width: number] {
  const [first = 1, second = 1, third = 1] = item;
  if (item.length === 3) return [first, second, third];
  return item.length === 2 ? [first, 1, second] : [1, 1, sizeOf(item)];
}
