/**
 * Compares two versions: negative when `a` is the lower one. Runs of digits are compared as numbers, everything else as
 * text, from left to right; a version that another one continues is lower: 1 < 1.2 < 1.10 < 2.
 */
export function compareVersions(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = compareParts(left[index], right[index]);
    if (order !== 0) return order;
  }
  return a < b ? -1 : Number(a > b);
}

function partsOf(version: string): readonly string[] {
  return version.match(/\d+|[^\d._-]+/g) ?? [];
}

function compareParts(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : Number(a > b);
}
