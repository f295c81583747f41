import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest's sandbox has typed arrays of its own, so that `instanceof Float32Array` inside native addons and TensorFlow.js
 * fails on arrays made in a test. This environment hands the outer ones in.
 */
export default class SharedTypedArrays extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    Object.assign(this.global, {
      ArrayBuffer,
      SharedArrayBuffer,
      DataView,
      Uint8Array,
      Uint8ClampedArray,
      Int8Array,
      Uint16Array,
      Int16Array,
      Uint32Array,
      Int32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
    });
  }
}
