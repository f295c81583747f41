import type { InitName, PrototypeVariant } from '../../schemas/prototype.ts';

/** What a variant does where a request says nothing. Chosen on mnist-mlp and mnist-cnn: docs/prototypes.md. */
export interface VariantDefaults {
  /** Class means give way to the mean where there are none: of a hidden unit, or of a model without them. */
  readonly init: InitName;
  readonly optimiser: 'adam' | 'momentum';
  /** First and last step size, in widths of the box (for dgn-am: as they are). */
  readonly rates: readonly [number, number];
  readonly momentum: number;
  /** λ for a mean over the elements of the squared distance in widths of the box: λ = this / (elements · width²). */
  readonly l2: number;
  /** τ, the same for total variation. */
  readonly totalVariation: number;
  /** w, for the logarithm of the density itself. */
  readonly densityWeight: number;
}

export const DEFAULTS: Readonly<Record<PrototypeVariant, VariantDefaults>> = {
  simple: {
    init: 'mean',
    optimiser: 'adam',
    rates: [0.05, 0.005],
    momentum: 0.9,
    l2: 1.5,
    totalVariation: 1.5,
    densityWeight: 0,
  },
  density: {
    init: 'class-mean',
    optimiser: 'adam',
    rates: [0.05, 0.005],
    momentum: 0.9,
    l2: 0,
    totalVariation: 0,
    densityWeight: 0.008,
  },
  generator: {
    init: 'mean',
    optimiser: 'adam',
    rates: [0.1, 0.01],
    momentum: 0.9,
    l2: 0.05,
    totalVariation: 0,
    densityWeight: 0,
  },
  'dgn-am': {
    init: 'mean',
    optimiser: 'momentum',
    rates: [8, 1e-10],
    momentum: 0,
    l2: 0,
    totalVariation: 0,
    densityWeight: 0,
  },
};

/** Momentum where a request names that optimiser for another variant than dgn-am. */
export const MOMENTUM = 0.9;

/** Standard deviation of what tells further prototypes of one target apart, and of the init `noise`, in widths. */
export const COPY_NOISE = 0.1;
export const INIT_NOISE = 0.25;

/** The same for a first prototype that starts from zero, where a network of ReLUs without biases has no derivative. */
export const ZERO_NOISE = 0.01;

/** Search for the code of a picture: steps, and first and last step size of Adam in widths of the code's range. */
export const CODE_SEARCH = { steps: 200, rates: [0.1, 0.01] } as const;
