import type { Value } from '../../engine/graph.ts';

/**
 * Whether a value is known to be 0 wherever another one is: because it is computed as a multiple of it, element by element.
 * Reshaping keeps the elements in order, so shapes may differ on the way.
 * @param isBase recognises the other value
 */
export function isMultiple(value: Value, isBase: (value: Value) => boolean): boolean {
  if (isBase(value)) return true;
  const [a, b] = value.inputs;
  if (a === undefined) return false;
  switch (value.operation.name) {
    case 'reshape':
    case 'neg':
      return isMultiple(a, isBase);
    case 'mul':
      return [a, b].some((factor) => factor !== undefined && isSameSize(factor, value) && isMultiple(factor, isBase));
    case 'div':
      return isSameSize(a, value) && isMultiple(a, isBase);
    case 'add':
    case 'sub':
      return [a, b].every((term) => term !== undefined && isSameSize(term, value) && isMultiple(term, isBase));
    case 'maxPool2dBackward':
      // What is routed to a maximum is a multiple of it; the base is not negative, so a window of zeros has maximum 0.
      return (
        b !== undefined && a.nonNegative && isMultiple(a, isBase) && isMultiple(b, (pooled) => isMaximumOf(pooled, a))
      );
    default:
      return false;
  }
}

function isMaximumOf(pooled: Value, x: Value): boolean {
  return pooled.operation.name === 'maxPool2d' && pooled.inputs[0] === x;
}

function isSameSize(a: Value, b: Value): boolean {
  return size(a) === size(b);
}

function size({ shape }: Value): number {
  return shape.reduce((product, length) => product * length, 1);
}
