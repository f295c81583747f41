import protobuf from 'protobufjs';

/** What of Caffe's schema is needed to write weights, in both ways to write lists, and its older versions. */
function schema(packed: boolean): string {
  return `
    syntax = "proto2";
    message Shape { repeated int64 dim = 1 [packed = ${packed}]; }
    message Blob {
      optional Shape shape = 7;
      repeated float data = 5 [packed = ${packed}];
      repeated float diff = 6 [packed = ${packed}];
      repeated double double_data = 8 [packed = ${packed}];
      optional int32 num = 1;
      optional int32 channels = 2;
      optional int32 height = 3;
      optional int32 width = 4;
      optional int32 raw_data_type = 10;
      optional bytes raw_data = 12;
    }
    message Layer { optional string name = 1; optional string type = 2; repeated Blob blobs = 7; }
    message V0Layer { optional string name = 1; }
    message V1Layer {
      optional V0Layer layer = 1;
      optional string name = 4;
      optional int32 type = 5;
      repeated Blob blobs = 6;
    }
    message Net { optional string name = 1; repeated Layer layer = 100; repeated V1Layer layers = 2; }`;
}

/** A blob as it is written; fields as in Caffe's BlobProto. */
export interface BlobSpec {
  readonly shape?: { readonly dim: readonly number[] };
  readonly data?: ArrayLike<number>;
  readonly diff?: ArrayLike<number>;
  readonly double_data?: ArrayLike<number>;
  readonly num?: number;
  readonly channels?: number;
  readonly height?: number;
  readonly width?: number;
  readonly raw_data_type?: number;
  readonly raw_data?: Uint8Array;
}

export interface NetSpec {
  readonly layer?: readonly { readonly name: string; readonly type?: string; readonly blobs?: readonly BlobSpec[] }[];
  readonly layers?: readonly {
    readonly name?: string;
    readonly blobs?: readonly BlobSpec[];
    readonly layer?: { readonly name: string };
  }[];
}

/** The bytes of a caffemodel, by protobufjs' own encoder. */
export function caffemodel(net: NetSpec, packed = true): Uint8Array {
  return encoded('Net', { ...net }, packed);
}

/** The bytes of a BlobProto. */
export function blobProto(blob: BlobSpec, packed = true): Uint8Array {
  return encoded('Blob', { ...blob }, packed);
}

function encoded(type: string, message: Record<string, unknown>, packed: boolean): Uint8Array {
  const messageType = protobuf.parse(schema(packed), { keepCase: true }).root.lookupType(type);
  return new Uint8Array(messageType.encode(messageType.create(message)).finish());
}
