import { createDeflate, deflateSync } from 'node:zlib';

/** A PNG of our own making: what sharp reads must not depend on what sharp writes. */
export interface PngSource {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: 1 | 8 | 16;
  /** 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGB with alpha. */
  readonly colourType: 0 | 2 | 3 | 4 | 6;
  /** The samples of all rows as bytes, without filter bytes. */
  readonly samples: Uint8Array;
  /** Further chunks before the pixels, e.g. PLTE and tRNS. */
  readonly chunks?: readonly { readonly type: string; readonly data: Uint8Array }[];
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

export function writePng(source: PngSource): Buffer {
  const stride = source.samples.length / source.height;
  const rows = Array.from({ length: source.height }, (_, y) => [
    Buffer.from([0]),
    source.samples.subarray(y * stride, (y + 1) * stride),
  ]).flat();
  return Buffer.concat([
    SIGNATURE,
    header(source),
    ...(source.chunks ?? []).map(({ type, data }) => chunk(type, data)),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** A valid PNG of side × side white-or-black pixels, all black: small to send, huge to decode. Never held unpacked. */
export async function writeBomb(side: number): Promise<Buffer> {
  const deflate = createDeflate({ level: 1 });
  const row = Buffer.alloc(1 + Math.ceil(side / 8));
  const packed: Buffer[] = [];
  const finished = (async () => {
    for await (const part of deflate) packed.push(part);
  })();
  for (let y = 0; y < side; y++) {
    if (!deflate.write(row)) await new Promise((resolve) => deflate.once('drain', resolve));
  }
  deflate.end();
  await finished;
  return Buffer.concat([
    SIGNATURE,
    header({ width: side, height: side, bitDepth: 1, colourType: 0 }),
    chunk('IDAT', Buffer.concat(packed)),
    chunk('IEND', new Uint8Array()),
  ]);
}

function header({ width, height, bitDepth, colourType }: Omit<PngSource, 'samples'>): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data[8] = bitDepth;
  data[9] = colourType;
  return chunk('IHDR', data);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** CRC-32 of the PNG specification, bit by bit. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
