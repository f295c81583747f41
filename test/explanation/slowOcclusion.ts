import type { Score } from './slowGradient.ts';

/** Where windows begin along one side: at every stride, the last one moved back to end at the border. */
function begins(side: number, window: number, stride: number): number[] {
  const places: number[] = [];
  for (let begin = 0; begin < side - window; begin += stride) places.push(begin);
  return [...places, side - window];
}

/** f(x) − f(x with the window hidden), averaged over the windows that hide an element, by plain loops. */
export function slowOcclusion(
  f: Score,
  x: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  [tall, wide]: readonly [number, number],
  [down, right]: readonly [number, number],
  fill: ArrayLike<number>,
): Float64Array {
  const drops = Array.from(x, (): number[] => []);
  for (const top of begins(height, tall, down)) {
    for (const left of begins(width, wide, right)) {
      const hidden = Float64Array.from(x);
      const cells: number[] = [];
      for (let c = 0; c < channels; c += 1) {
        for (let row = top; row < top + tall; row += 1) {
          for (let column = left; column < left + wide; column += 1) cells.push((c * height + row) * width + column);
        }
      }
      for (const cell of cells) hidden[cell] = fill[cell] ?? Number.NaN;
      const drop = f(x) - f(hidden);
      for (const cell of cells) drops[cell]?.push(drop);
    }
  }
  return Float64Array.from(drops, (own) => own.reduce((sum, drop) => sum + drop, 0) / own.length);
}
