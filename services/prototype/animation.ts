/** Most pictures of one animation, and most values of all of them together. */
const MOST_FRAMES = 60;
const MOST_VALUES = 2 ** 24;
const LEAST_FRAMES = 2;

/** How many pictures of a run are kept. @param values of the pictures of one step */
export function frameCount(steps: number, values: number): number {
  return Math.min(steps, MOST_FRAMES, Math.max(LEAST_FRAMES, Math.floor(MOST_VALUES / values)));
}

/** The number of the frame that a step is kept as, evenly spread from the first step to the last; null for none. */
export function frameAt(step: number, steps: number, frames: number): number | null {
  if (frames === 0) return null;
  const spacing = frames === 1 ? 1 : (steps - 1) / (frames - 1);
  const frame = Math.round(step / spacing);
  return frame < frames && Math.round(frame * spacing) === step ? frame : null;
}
