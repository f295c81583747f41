import type { Network } from '../../models/network.ts';
import { outputsOf } from './target.ts';

/** The outputs among which clients choose. */
export interface OutputChoices {
  readonly count: number;
  /** Whether one sigmoid output stands for two classes. */
  readonly binary: boolean;
  /** Weights of the network's own outputs that make up output `index`. */
  rowOf(index: number): Float32Array;
}

/** A single sigmoid output with two labels counts as two: index 1 has the score z, index 0 the score −z. */
export function choicesOf(network: Network, labels: readonly string[] | null): OutputChoices {
  const own = outputsOf(network);
  const binary = own === 1 && network.outputFunction === 'sigmoid' && labels?.length === 2;
  return {
    count: binary ? 2 : own,
    binary,
    rowOf: (index) => {
      const row = new Float32Array(own);
      if (binary) row[0] = index === 1 ? 1 : -1;
      else row[index] = 1;
      return row;
    },
  };
}
