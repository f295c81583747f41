/** Dimensions of a tensor, outermost first. Float32, row-major, everywhere. */
export type Shape = readonly number[];

/** A tensor whose values are in memory: small constants, inputs, results. */
export interface ArrayTensor {
  readonly kind: 'array';
  readonly shape: Shape;
  readonly data: Float32Array;
}

/**
 * A tensor whose values lie in a file of the tensor store (raw little-endian float32), to be mapped by an engine.
 * `folder` names the model (its content hash), `key` the tensor inside it.
 */
export interface StoredTensor {
  readonly kind: 'stored';
  readonly shape: Shape;
  readonly folder: string;
  readonly key: string;
}

export type Tensor = ArrayTensor | StoredTensor;

/** Number of values of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/**
 * A tensor over an array in memory.
 * @throws RangeError when the number of values is not that of the shape.
 */
export function arrayTensor(shape: Shape, data: Float32Array): ArrayTensor {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`a tensor of shape [${shape.join(', ')}] has ${sizeOf(shape)} values, got ${data.length}`);
  }
  return { kind: 'array', shape, data };
}
