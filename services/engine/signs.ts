import type { Operation, Value } from './graph.ts';

/** Whether no element of an operation's result can be negative, as far as the signs of its inputs tell. */
export function isNonNegative(operation: Operation, inputs: readonly Value[]): boolean {
  const all = inputs.every((input) => input.nonNegative);
  const [a, b] = inputs;
  switch (operation.name) {
    case 'relu':
    case 'abs':
    case 'exp':
    case 'sqrt':
    case 'sigmoid':
    case 'softplus':
    case 'softmax':
    case 'oneHotMax':
      return true;
    case 'add':
    case 'div':
    case 'minimum':
    case 'matMul':
    case 'conv2d':
    case 'conv2dTranspose':
    case 'maxPool2d':
    case 'avgPool2d':
    case 'avgPool2dBackward':
    case 'reduceSum':
    case 'reduceMax':
    case 'reshape':
    case 'transpose':
    case 'concat':
    case 'slice':
    case 'pad':
    case 'reverse':
      return all;
    case 'mul':
      return all || a === b;
    case 'maximum':
      return inputs.some((input) => input.nonNegative);
    case 'pow':
      return a?.nonNegative === true;
    case 'where':
      return inputs.slice(1).every((input) => input.nonNegative);
    case 'maxPool2dBackward':
      return b?.nonNegative === true;
    case 'input':
    case 'constant':
    case 'neg':
    case 'log':
    case 'tanh':
    case 'sub':
    case 'equal':
    case 'greater':
    case 'greaterEqual':
    case 'logicalAnd':
    case 'logicalNot':
      return false;
    default:
      return operation satisfies never;
  }
}
