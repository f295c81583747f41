import type { TensorStore } from '../../models/tensors/store.ts';
import { type Digits, PIXELS } from '../../training/mnist.ts';
import { PROJECT } from '../../training/places.ts';
import { nearestDigit } from './nearestDigit.ts';
import { openNetwork } from './network.ts';

/** One number per picture by every measure. More is more real, but for the distance, where less is. */
export interface Realism {
  /** log p̃(x) under `mnist-rbm-b`, which no optimisation uses; nats. */
  readonly logDensity: Float32Array;
  /** Euclidean distance to the nearest of the 60,000 training digits, values in [0, 1]. */
  readonly distance: Float32Array;
  /** log p(real) − log p(made) by `mnist-realism`; nats. */
  readonly logOdds: Float32Array;
}

/** Measures how real pictures of digits look. */
export interface RealismMeasures {
  /** @param pictures 28 × 28 each with values in [0, 1], one after another */
  realism(pictures: Float32Array): Promise<Realism>;
  dispose(): Promise<void>;
}

/**
 * Opens the measures of realism. None of them is known to the optimisations that they judge.
 * @param training MNIST's training digits
 */
export async function openRealism(training: Digits, store: TensorStore): Promise<RealismMeasures> {
  const density = await openNetwork(PROJECT.measures, 'mnist-rbm-b', store);
  const judge = await openNetwork(PROJECT.measures, 'mnist-realism', store);
  return {
    async realism(pictures) {
      if (pictures.length % PIXELS !== 0) {
        throw new RangeError(`${pictures.length} values are no pictures of ${PIXELS} pixels`);
      }
      const [logDensity, logOdds] = [await density.ask(pictures), await judge.ask(pictures)];
      return {
        logDensity: logDensity.scores,
        distance: nearestDigit(training, pictures),
        logOdds: logOdds.scores,
      };
    },
    async dispose() {
      await Promise.all([density.dispose(), judge.dispose()]);
    },
  };
}
