import type { Colormap } from '../../schemas/render.ts';

/** Red, green, blue, 0..255. */
export type Rgb = readonly [number, number, number];

/** Entries of a table for t = −1 .. 1; the middle one is exactly t = 0. */
const ENTRIES = 511;
const ZERO = (ENTRIES - 1) / 2;

/** Colours at equal distances from one end to the other, straight lines between them. */
interface Definition {
  readonly signed: boolean;
  readonly stops: readonly Rgb[];
}

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

const DEFINITIONS: Readonly<Record<Colormap, Definition>> = {
  'red-blue': { signed: true, stops: [[0, 0, 255], WHITE, [255, 0, 0]] },
  heat: { signed: false, stops: [BLACK, [255, 0, 0], [255, 255, 0], WHITE] },
  gray: { signed: false, stops: [BLACK, WHITE] },
  // Ten equidistant colours of matplotlib's viridis (van der Walt and Smith 2015, CC0).
  viridis: {
    signed: false,
    stops: [
      [0x44, 0x01, 0x54],
      [0x48, 0x28, 0x78],
      [0x3e, 0x4a, 0x89],
      [0x31, 0x68, 0x8e],
      [0x26, 0x82, 0x8e],
      [0x1f, 0x9e, 0x89],
      [0x35, 0xb7, 0x79],
      [0x6d, 0xcd, 0x59],
      [0xb4, 0xde, 0x2c],
      [0xfd, 0xe7, 0x25],
    ],
  },
};

/** Whether a colour map has colours of its own for negative values. */
export function isSigned(colormap: Colormap): boolean {
  return DEFINITIONS[colormap].signed;
}

/**
 * The colour of t in [−1, 1]; values beyond get the colour of the end. red-blue runs over −1..1 with white exactly at 0;
 * the others run over 0..1 and give every t ≤ 0 the colour of 0.
 */
export function colourAt(colormap: Colormap, t: number): Rgb {
  const { signed, stops } = DEFINITIONS[colormap];
  const along = Math.min(1, Math.max(0, signed ? (t + 1) / 2 : t)) * (stops.length - 1);
  const before = Math.min(stops.length - 2, Math.floor(along));
  const from = stops[before] ?? BLACK;
  const to = stops[before + 1] ?? from;
  const mix = (a: number, b: number) => Math.round(a + (b - a) * (along - before));
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
}

function tabulate(colormap: Colormap): Uint8Array {
  const table = new Uint8Array(3 * ENTRIES);
  for (let i = 0; i < ENTRIES; i++) table.set(colourAt(colormap, (i - ZERO) / ZERO), 3 * i);
  return table;
}

const TABLES: Readonly<Record<Colormap, Uint8Array>> = {
  'red-blue': tabulate('red-blue'),
  heat: tabulate('heat'),
  gray: tabulate('gray'),
  viridis: tabulate('viridis'),
};

/** Values to colours, [n] → [n, 3]: the colour of v / scale, and of 0 everywhere when the scale is 0. */
export function colourise(values: Float32Array, scale: number, colormap: Colormap): Uint8Array {
  const table = TABLES[colormap];
  const steps = scale > 0 ? ZERO / scale : 0;
  const colours = new Uint8Array(3 * values.length);
  for (let i = 0, at = 0; i < values.length; i++, at += 3) {
    const value = values[i] ?? 0;
    // Rounded: what is cut off are halves and more, or less than that, of numbers that are not negative.
    const distance = Math.min(ZERO, Math.trunc(Math.abs(value) * steps + 0.5));
    const entry = 3 * (value < 0 ? ZERO - distance : ZERO + distance);
    colours[at] = table[entry] ?? 0;
    colours[at + 1] = table[entry + 1] ?? 0;
    colours[at + 2] = table[entry + 2] ?? 0;
  }
  return colours;
}
