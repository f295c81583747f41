import { createRequire } from 'node:module';
import type * as Proto from 'onnx-proto';
import { importError, quoted } from '../faults.ts';

const require = createRequire(import.meta.url);

/** The ONNX message types. The package is CommonJS without statically visible names, hence `require`. */
export const { onnx } = require('onnx-proto') as typeof Proto;

export type { onnx as Onnx } from 'onnx-proto';

type WireReader = Exclude<Parameters<typeof onnx.ModelProto.decode>[0], Uint8Array>;

/** The reader of the very protobufjs that onnx-proto decodes with. */
const { Reader } = createRequire(require.resolve('onnx-proto'))('protobufjs/minimal') as {
  readonly Reader: new (bytes: Uint8Array) => WireReader;
};

/** Most tags, lengths and integers of a file; a network of thousands of nodes has some hundred thousand. */
const MAX_FIELDS = 2 ** 21;

/** Most numbers of a file that are written one by one (`float_data`, ...) and not as bytes (`raw_data`). */
const MAX_NUMBERS = 2 ** 25;

/** A reader that gives up before the decoded messages, many times larger than their bytes, fill the memory. */
class BoundedReader extends Reader {
  private fields = 0;
  private numbers = 0;

  override uint32(): number {
    this.countField();
    return super.uint32();
  }

  override int64(): ReturnType<WireReader['int64']> {
    this.countField();
    return super.int64();
  }

  override uint64(): ReturnType<WireReader['uint64']> {
    this.countField();
    return super.uint64();
  }

  override int32(): number {
    this.countNumber();
    return super.uint32() | 0;
  }

  override float(): number {
    this.countNumber();
    return super.float();
  }

  override double(): number {
    this.countNumber();
    return super.double();
  }

  private countField(): void {
    this.fields += 1;
    if (this.fields > MAX_FIELDS) throw new RangeError(`it has more than ${MAX_FIELDS} fields`);
  }

  private countNumber(): void {
    this.numbers += 1;
    if (this.numbers > MAX_NUMBERS) {
      throw new RangeError(`it has more than ${MAX_NUMBERS} numbers outside raw_data; save its tensors as raw_data`);
    }
  }
}

/**
 * Decodes a ModelProto; the raw data of its tensors are views of `bytes`.
 * @throws ElucidError `model-failed` when the bytes are something else, are cut short, or nest too deeply.
 */
export function decodeModel(name: string, bytes: Uint8Array): Proto.onnx.ModelProto {
  try {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return onnx.ModelProto.decode(new BoundedReader(plain));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw importError(`${quoted(name)} cannot be read as an ONNX model: ${quoted(reason)}`);
  }
}
