/** Numbers in [0, 1), always the same for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `signed` in [−1, 1), `positive` in [0.1, 2), `negative` its opposite, `ties` one of −1, −0.5, 0, 0.5, 1, `zeros` of 0 and ±1. */
export type Distribution = 'signed' | 'positive' | 'negative' | 'ties' | 'zeros' | 'wide';

const draws: { readonly [Name in Distribution]: (uniform: number) => number } = {
  signed: (u) => 2 * u - 1,
  positive: (u) => 0.1 + 1.9 * u,
  negative: (u) => -0.1 - 1.9 * u,
  ties: (u) => Math.floor(u * 5) / 2 - 1,
  zeros: (u) => Math.floor(u * 3) - 1,
  wide: (u) => 60 * u - 30,
};

export function randomValues(count: number, distribution: Distribution, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => draws[distribution](random()));
}
