import { arrayTensor, type Shape, sizeOf, type Tensor } from '../../models/tensors/tensor.ts';
import type {
  BinaryName,
  ConvAttributes,
  DataType,
  Graph,
  Operation,
  OperationName,
  Pair,
  PoolAttributes,
  UnaryName,
  Value,
} from './graph.ts';
import { tensorIdentity } from './identity.ts';
import { inferShape, ShapeError } from './shapes.ts';
import { isNonNegative } from './signs.ts';

const BOOLEAN: ReadonlySet<OperationName> = new Set(['equal', 'greater', 'greaterEqual', 'logicalAnd', 'logicalNot']);

/**
 * Builds graphs value by value: infers and checks shapes, keeps track of signs, and merges equal values, so that a rule
 * may ask for the same thing twice at no cost. Values that no output needs are not part of the built graph.
 */
export class GraphBuilder {
  private readonly known = new Map<string, Value>();
  private readonly inputs: Value[] = [];
  private scope = '';
  private nextId = 0;

  /** Names the layer that is being built, for the errors of what follows. */
  at(layer: string): void {
    this.scope = layer;
  }

  /** A tensor given at every run. `shape` leads with `BATCH`. */
  input(label: string, shape: Shape, nonNegative = false): Value {
    if (this.inputs.some((input) => input.operation.name === 'input' && input.operation.label === label)) {
      throw new ShapeError(`the graph has an input ${label} already`);
    }
    const value = this.append({ name: 'input', label }, [], shape, nonNegative);
    this.inputs.push(value);
    return value;
  }

  constant(tensor: Tensor): Value {
    const nonNegative = tensor.kind === 'array' && tensor.data.every((v) => v >= 0);
    return this.merged({ name: 'constant', tensor }, [], `constant ${tensorIdentity(tensor)}`, nonNegative);
  }

  scalar(value: number): Value {
    return this.constant(arrayTensor([], Float32Array.of(value)));
  }

  neg = this.unary('neg');
  abs = this.unary('abs');
  exp = this.unary('exp');
  log = this.unary('log');
  sqrt = this.unary('sqrt');
  tanh = this.unary('tanh');
  sigmoid = this.unary('sigmoid');
  softplus = this.unary('softplus');
  logicalNot = this.unary('logicalNot');

  /** max(x, 0); x itself when it is known not to be negative. */
  relu(x: Value): Value {
    return x.nonNegative ? x : this.node({ name: 'relu' }, [x]);
  }

  add = this.binary('add');
  sub = this.binary('sub');
  mul = this.binary('mul');
  div = this.binary('div');
  pow = this.binary('pow');
  maximum = this.binary('maximum');
  minimum = this.binary('minimum');
  equal = this.binary('equal');
  greater = this.binary('greater');
  greaterEqual = this.binary('greaterEqual');
  logicalAnd = this.binary('logicalAnd');

  where(condition: Value, whenTrue: Value, whenFalse: Value): Value {
    return this.node({ name: 'where' }, [condition, whenTrue, whenFalse]);
  }

  /** x² */
  square(x: Value): Value {
    return this.mul(x, x);
  }

  /** min(x, 0) */
  negativePart(x: Value): Value {
    return this.minimum(x, this.scalar(0));
  }

  matMul(a: Value, b: Value, bias: Value | null = null, { transposeB = false } = {}): Value {
    return this.node({ name: 'matMul', transposeB }, bias === null ? [a, b] : [a, b, bias]);
  }

  conv2d(x: Value, w: Value, bias: Value | null, attributes: ConvAttributes): Value {
    const { stride, padding, dilation, groups } = attributes;
    return this.node({ name: 'conv2d', stride, padding, dilation, groups }, bias === null ? [x, w] : [x, w, bias]);
  }

  conv2dTranspose(x: Value, w: Value, attributes: ConvAttributes, outputSize: Pair): Value {
    const { stride, padding, dilation, groups } = attributes;
    return this.node({ name: 'conv2dTranspose', outputSize, stride, padding, dilation, groups }, [x, w]);
  }

  maxPool2d(x: Value, { kernel, stride, padding }: PoolAttributes): Value {
    return this.node({ name: 'maxPool2d', kernel, stride, padding }, [x]);
  }

  maxPool2dBackward(x: Value, r: Value, { kernel, stride, padding }: PoolAttributes): Value {
    return this.node({ name: 'maxPool2dBackward', kernel, stride, padding }, [x, r]);
  }

  avgPool2d(x: Value, { kernel, stride, padding }: PoolAttributes): Value {
    return this.node({ name: 'avgPool2d', kernel, stride, padding }, [x]);
  }

  avgPool2dBackward(r: Value, { kernel, stride, padding }: PoolAttributes, inputSize: Pair): Value {
    return this.node({ name: 'avgPool2dBackward', inputSize, kernel, stride, padding }, [r]);
  }

  reduceSum(x: Value, axes: readonly number[], keepDims = false): Value {
    return this.node({ name: 'reduceSum', axes, keepDims }, [x]);
  }

  reduceMax(x: Value, axes: readonly number[], keepDims = false): Value {
    return this.node({ name: 'reduceMax', axes, keepDims }, [x]);
  }

  oneHotMax(x: Value): Value {
    return this.node({ name: 'oneHotMax' }, [x]);
  }

  softmax(x: Value): Value {
    return this.node({ name: 'softmax' }, [x]);
  }

  reshape(x: Value, shape: Shape): Value {
    const unchanged = shape.length === x.shape.length && shape.every((size, axis) => size === x.shape[axis]);
    return unchanged ? x : this.node({ name: 'reshape', shape }, [x]);
  }

  transpose(x: Value, order: readonly number[]): Value {
    if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== x.shape.length) {
      throw this.located(new ShapeError(`[${order.join(', ')}] does not permute ${x.shape.length} axes`));
    }
    return order.every((axis, i) => axis === i) ? x : this.node({ name: 'transpose', order }, [x]);
  }

  concat(values: readonly Value[], axis: number): Value {
    const [only] = values;
    return only !== undefined && values.length === 1 ? only : this.node({ name: 'concat', axis }, values);
  }

  slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
    return this.node({ name: 'slice', begin, size }, [x]);
  }

  pad(x: Value, padding: readonly Pair[]): Value {
    return padding.every(([before, after]) => before === 0 && after === 0)
      ? x
      : this.node({ name: 'pad', padding }, [x]);
  }

  reverse(x: Value, axes: readonly number[]): Value {
    const moving = axes.filter((axis) => x.shape[axis] !== 1);
    return moving.length === 0 ? x : this.node({ name: 'reverse', axes: moving }, [x]);
  }

  /** A value of another graph, over inputs of this one. */
  again({ operation, shape, nonNegative }: Value, inputs: readonly Value[]): Value {
    if (operation.name === 'input') return this.input(operation.label, shape, nonNegative);
    return operation.name === 'constant' ? this.constant(operation.tensor) : this.node(operation, inputs);
  }

  /** The graph of these outputs; its inputs are all that were declared, whether an output needs them or not. */
  build(outputs: Readonly<Record<string, Value>>): Graph {
    return { inputs: [...this.inputs], outputs: { ...outputs } };
  }

  private unary(name: UnaryName): (x: Value) => Value {
    return (x) => this.node({ name }, [x]);
  }

  private binary(name: BinaryName): (a: Value, b: Value) => Value {
    return (a, b) => this.node({ name }, [a, b]);
  }

  private node(operation: Operation, inputs: readonly Value[]): Value {
    const identity = `${JSON.stringify(operation)} ${inputs.map((input) => input.id).join()}`;
    return this.merged(operation, inputs, identity, isNonNegative(operation, inputs));
  }

  private merged(operation: Operation, inputs: readonly Value[], identity: string, nonNegative: boolean): Value {
    const known = this.known.get(identity);
    if (known !== undefined) return known;
    const value = this.append(operation, inputs, null, nonNegative);
    this.known.set(identity, value);
    return value;
  }

  private append(operation: Operation, inputs: readonly Value[], declared: Shape | null, nonNegative: boolean): Value {
    const dataType = this.dataTypeOf(operation, inputs);
    try {
      const shape = inferShape(operation, inputs, declared);
      return { id: this.nextId++, operation, inputs, shape, dataType, nonNegative };
    } catch (error) {
      throw error instanceof ShapeError ? this.located(error) : error;
    }
  }

  private dataTypeOf(operation: Operation, inputs: readonly Value[]): DataType {
    if (BOOLEAN.has(operation.name)) return 'bool';
    const carrier = operation.name === 'where' ? inputs[1] : inputs[0];
    const passesOn = ['reshape', 'transpose', 'where'].includes(operation.name);
    return passesOn && carrier !== undefined ? carrier.dataType : 'float32';
  }

  private located(error: ShapeError): ShapeError {
    return this.scope === '' ? error : new ShapeError(`${this.scope}: ${error.message}`);
  }
}

/** Number of values per batch item (or in all, for a value that does not depend on the batch). */
export function itemSize(value: Value): number {
  return Math.abs(sizeOf(value.shape));
}
