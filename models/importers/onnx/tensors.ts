import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault, quoted } from '../faults.ts';
import type { ExternalData } from './externalData.ts';
import { type Onnx, onnx } from './proto.ts';
import { type Constant, constant, show } from './values.ts';

const { DataType, DataLocation } = onnx.TensorProto;

/** A tensor with more values is refused (a float32 weight of 4 GiB). */
const MAX_TENSOR_VALUES = 2 ** 30;

/** Where a tensor's values can lie outside its raw data. */
type NumberField = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';

/** How the values of one data type are stored. */
interface Format {
  readonly name: string;
  readonly type: Constant['type'];
  /** Bytes of one value in the raw data. */
  readonly width: number;
  readonly field: NumberField;
  /** One little-endian value of the raw data. */
  readonly at: (view: DataView, byte: number) => number;
  /** A value out of `field`; the value itself unless given. */
  readonly decoded?: (stored: number) => number;
}

const FORMATS: Readonly<Record<number, Format>> = {
  [DataType.FLOAT]: float('float', 4, 'floatData', (view, byte) => view.getFloat32(byte, true)),
  [DataType.DOUBLE]: float('double', 8, 'doubleData', (view, byte) => view.getFloat64(byte, true)),
  [DataType.FLOAT16]: {
    ...float('float16', 2, 'int32Data', (view, byte) => halfToNumber(view.getUint16(byte, true))),
    decoded: halfToNumber,
  },
  [DataType.BFLOAT16]: {
    ...float('bfloat16', 2, 'int32Data', (view, byte) => brainToNumber(view.getUint16(byte, true))),
    decoded: brainToNumber,
  },
  [DataType.INT8]: integer('int8', 1, 'int32Data', (view, byte) => view.getInt8(byte)),
  [DataType.UINT8]: integer('uint8', 1, 'int32Data', (view, byte) => view.getUint8(byte)),
  [DataType.INT16]: integer('int16', 2, 'int32Data', (view, byte) => view.getInt16(byte, true)),
  [DataType.UINT16]: integer('uint16', 2, 'int32Data', (view, byte) => view.getUint16(byte, true)),
  [DataType.INT32]: integer('int32', 4, 'int32Data', (view, byte) => view.getInt32(byte, true)),
  [DataType.UINT32]: integer('uint32', 4, 'uint64Data', (view, byte) => view.getUint32(byte, true)),
  [DataType.INT64]: integer('int64', 8, 'int64Data', (view, byte) => Number(view.getBigInt64(byte, true))),
  [DataType.UINT64]: integer('uint64', 8, 'uint64Data', (view, byte) => Number(view.getBigUint64(byte, true))),
  [DataType.BOOL]: { ...integer('bool', 1, 'int32Data', (view, byte) => view.getUint8(byte)), type: 'bool' },
};

function float(name: string, width: number, field: NumberField, at: Format['at']): Format {
  return { name, type: 'float', width, field, at };
}

function integer(name: string, width: number, field: NumberField, at: Format['at']): Format {
  return { name, type: 'int', width, field, at };
}

/** What a data type is to the importer; null for types that are not read. */
export function kindOf(dataType: number): Constant['type'] | null {
  return FORMATS[dataType]?.type ?? null;
}

/** A data type for a message. */
export function typeName(dataType: number): string {
  return FORMATS[dataType]?.name ?? `type ${dataType}`;
}

/**
 * The values of a tensor. Float32 values stay where they lie in the file, copied only where they are not aligned.
 * @throws ImportFault when their number is not that of the shape, or the data type is not read.
 */
export function readTensor(tensor: Onnx.ITensorProto, external: ExternalData | null): Constant {
  const dataType = tensor.dataType ?? 0;
  const format = FORMATS[dataType];
  if (format === undefined) throw new ImportFault(`tensors of the ${typeName(dataType)} are not read`);
  const shape = shapeOf(tensor);
  const raw = rawData(tensor, external);
  const data = raw === null ? fromNumbers(tensor, format, shape) : fromBytes(raw, dataType, format, shape);
  return constant(format.type, shape, data);
}

function shapeOf({ name, dims }: Onnx.ITensorProto): Shape {
  const shape = (dims ?? []).map(Number);
  const fits = shape.length <= 16 && shape.every((side) => side >= 0) && sizeOf(shape) <= MAX_TENSOR_VALUES;
  if (!fits) throw new ImportFault(`the tensor ${quoted(name ?? '')} has the impossible shape ${show(shape)}`);
  return shape;
}

function rawData(tensor: Onnx.ITensorProto, external: ExternalData | null): Uint8Array | null {
  if (tensor.dataLocation === DataLocation.EXTERNAL) {
    if (external === null) throw new ImportFault('a single value may not lie in another file');
    return external.bytesOf(tensor);
  }
  return tensor.rawData && tensor.rawData.length > 0 ? tensor.rawData : null;
}

function fromBytes(raw: Uint8Array, dataType: number, format: Format, shape: Shape): Constant['data'] {
  const count = sizeOf(shape);
  if (raw.byteLength !== count * format.width) throw wrongSize(`${raw.byteLength} bytes`, format, shape);
  if (dataType === DataType.FLOAT) {
    if (raw.byteOffset % 4 === 0) return new Float32Array(raw.buffer, raw.byteOffset, count);
    const copy = new Float32Array(count);
    new Uint8Array(copy.buffer).set(raw);
    return copy;
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values = format.type === 'float' ? new Float32Array(count) : new Float64Array(count);
  for (let k = 0; k < count; k += 1) values[k] = format.at(view, k * format.width);
  return values;
}

function fromNumbers(tensor: Onnx.ITensorProto, format: Format, shape: Shape): Constant['data'] {
  const stored = tensor[format.field] ?? [];
  if (stored.length !== sizeOf(shape)) throw wrongSize(`${stored.length} values`, format, shape);
  const values = format.type === 'float' ? new Float32Array(stored.length) : new Float64Array(stored.length);
  for (const [k, value] of stored.entries()) {
    values[k] = format.decoded === undefined ? Number(value) : format.decoded(Number(value));
  }
  return values;
}

function wrongSize(found: string, format: Format, shape: Shape): ImportFault {
  return new ImportFault(`a tensor of type ${format.name} and shape ${show(shape)} has ${found}`);
}

/** An IEEE 754 half by its bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** A bfloat16 is the upper half of a float32. */
function brainToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits & 0xffff);
  return view.getFloat32(0);
}
