import { PIXELS, SIDE } from './mnist.ts';
import type { Random } from './random.ts';

/** How far a training picture may be distorted. */
export interface Distortion {
  /** Largest rotation, radians. */
  readonly rotation: number;
  /** Largest relative change of size, each axis. */
  readonly scale: number;
  /** Largest horizontal shear (pixels per pixel). */
  readonly shear: number;
  /** Largest shift, pixels, each axis. */
  readonly shift: number;
  /** Largest elastic displacement of a node of the distortion grid, pixels. */
  readonly elastic: number;
}

const NODES = 5;
const CELL = (SIDE - 1) / (NODES - 1);
const CENTRE = (SIDE - 1) / 2;

const within = (random: Random, limit: number) => (2 * random() - 1) * limit;

/** An affine map of offsets from the picture's centre: x' = xx·x + xy·y + x0, y' = yx·x + yy·y + y0. */
interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

function randomAffine(limits: Distortion, random: Random): Affine {
  const angle = within(random, limits.rotation);
  const scaleX = 1 + within(random, limits.scale);
  const scaleY = 1 + within(random, limits.scale);
  const shear = within(random, limits.shear);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return {
    xx: cos / scaleX,
    xy: (cos * shear - sin) / scaleX,
    x0: within(random, limits.shift),
    yx: sin / scaleY,
    yy: (sin * shear + cos) / scaleY,
    y0: within(random, limits.shift),
  };
}

/** Random displacements at the nodes of a coarse grid over the picture. */
function randomNodes(limit: number, random: Random): Float32Array {
  return Float32Array.from({ length: NODES * NODES }, () => within(random, limit));
}

/** Bilinear value of a square picture at a place; outside of it everything is 0. */
function interpolate(picture: Uint8Array | Float32Array, side: number, y: number, x: number): number {
  const top = Math.floor(y);
  const left = Math.floor(x);
  const down = y - top;
  const right = x - left;
  let value = 0;
  for (let row = top; row <= top + 1; row++) {
    if (row < 0 || row >= side) continue;
    const rowShare = row === top ? 1 - down : down;
    if (left >= 0 && left < side) value += (picture[row * side + left] ?? 0) * rowShare * (1 - right);
    if (left >= -1 && left < side - 1) value += (picture[row * side + left + 1] ?? 0) * rowShare * right;
  }
  return value;
}

/**
 * Writes a randomly rotated, scaled, sheared, shifted and elastically distorted copy of one picture.
 * @param pixels one picture, bytes 0 … 255
 * @param out receives its {@link PIXELS} values times `scale`
 */
export function distort(
  pixels: Uint8Array,
  out: Float32Array,
  limits: Distortion,
  random: Random,
  scale: number,
): void {
  const { xx, xy, x0, yx, yy, y0 } = randomAffine(limits, random);
  const nodesX = randomNodes(limits.elastic, random);
  const nodesY = randomNodes(limits.elastic, random);
  for (let index = 0; index < PIXELS; index++) {
    const row = Math.floor(index / SIDE);
    const column = index % SIDE;
    const x = column - CENTRE;
    const y = row - CENTRE;
    const sourceX = xx * x + xy * y + x0 + CENTRE + interpolate(nodesX, NODES, row / CELL, column / CELL);
    const sourceY = yx * x + yy * y + y0 + CENTRE + interpolate(nodesY, NODES, row / CELL, column / CELL);
    out[index] = interpolate(pixels, SIDE, sourceY, sourceX) * scale;
  }
}
