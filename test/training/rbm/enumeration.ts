/** A restricted Boltzmann machine of a few hidden units as plain numbers: W [visible][hidden], b and c. */
export interface PlainMachine {
  readonly weights: readonly (readonly number[])[];
  readonly visibleBias: readonly number[];
  readonly hiddenBias: readonly number[];
}

/** All vectors of `length` zeros and ones. */
export function states(length: number): number[][] {
  return Array.from({ length: 2 ** length }, (_, code) => Array.from({ length }, (_, bit) => (code >> bit) & 1));
}

/** bᵀv + cᵀh + vᵀWh. */
export function agreement({ weights, visibleBias, hiddenBias }: PlainMachine, v: number[], h: number[]): number {
  let sum = 0;
  for (const [i, on] of v.entries()) {
    sum += on * (visibleBias[i] ?? 0);
    for (const [j, own] of h.entries()) sum += on * own * (weights[i]?.[j] ?? 0);
  }
  for (const [j, own] of h.entries()) sum += own * (hiddenBias[j] ?? 0);
  return sum;
}

/** log Σ_h exp(bᵀv + cᵀh + vᵀWh), one hidden state after another. */
export function enumeratedLogDensity(machine: PlainMachine, v: number[]): number {
  const terms = states(machine.hiddenBias.length).map((h) => agreement(machine, v, h));
  const largest = Math.max(...terms);
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

/** A machine of random numbers. */
export function randomMachine(visible: number, hidden: number, random: () => number): PlainMachine {
  const number = () => 3 * random() - 1.5;
  return {
    weights: Array.from({ length: visible }, () => Array.from({ length: hidden }, number)),
    visibleBias: Array.from({ length: visible }, number),
    hiddenBias: Array.from({ length: hidden }, number),
  };
}
