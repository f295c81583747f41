import { gaussian } from '../explanation/gaussian.ts';

/** What random numbers are for; each purpose has a stream of its own. */
export type Purpose = 'noise' | 'jitter';

const STREAMS: Readonly<Record<Purpose, number>> = { noise: 1, jitter: 2 };

/**
 * Standard normal numbers that depend on the seed, the purpose and two counters only: not on what else is computed, nor on
 * what was drawn before.
 */
export function normals(seed: number, purpose: Purpose, counter: number, other = 0): () => number {
  return gaussian(mixed([seed, STREAMS[purpose], counter, other]) | 0);
}

/** A whole number from −reach to reach, all equally likely. */
export function shiftAt(seed: number, step: number, axis: number, reach: number): number {
  return Math.floor((mixed([seed, STREAMS.jitter, step, axis]) / 2 ** 32) * (2 * reach + 1)) - reach;
}

/** MurmurHash3 (32 bits, Appleby) of some words. */
function mixed(words: readonly number[]): number {
  let hash = 0;
  for (const word of words) {
    const scrambled = Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
    hash = (Math.imul(rotated(hash ^ scrambled, 13), 5) + 0xe6546b64) | 0;
  }
  hash ^= 4 * words.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
