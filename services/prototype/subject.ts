import type { Network } from '../../models/network.ts';
import type { Box } from '../../models/preprocessing/pixels.ts';

/** An expert: a network with one output, log p(x) up to a constant. */
export interface DensityExpert {
  readonly name: string;
  readonly network: Network;
  readonly box: Box | null;
}

/** A network from codes to inputs of the model, or to larger ones whose centre is taken. */
export interface Generator {
  readonly name: string;
  readonly network: Network;
}

/** The model whose prototypes are wanted, and what belongs to it. */
export interface PrototypeSubject {
  readonly name: string;
  readonly network: Network;
  readonly kind: 'classification' | 'regression';
  /** Legal values of the input; null when the model states none. */
  readonly box: Box | null;
  readonly labels: readonly string[] | null;
  /** [K, ...input shape] */
  readonly classMeans: Float32Array | null;
  readonly density: DensityExpert | null;
  readonly generator: Generator | null;
  /** The usual range of every code unit, [...code shape, 2]: pairs of lowest and highest. */
  readonly codeRange: Float32Array | null;
}
