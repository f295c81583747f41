import { promisify } from 'node:util';
import { constants, deflate, gunzip, gzip, inflate } from 'node:zlib';
import Negotiator from 'negotiator';
import { ElucidError } from '../../../schemas/errors.ts';

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;
type Pack = (bytes: Buffer, options: { level: number }) => Promise<Buffer>;

/** Encodings of bodies, the most preferred first. `deflate` is zlib's format (RFC 9110, 8.4.1.2). */
const ENCODINGS = {
  gzip: { unpack: promisify(gunzip) as Unpack, pack: promisify(gzip) as Pack },
  deflate: { unpack: promisify(inflate) as Unpack, pack: promisify(deflate) as Pack },
} as const;

export type Encoding = keyof typeof ENCODINGS;

const NAMES = Object.keys(ENCODINGS) as readonly Encoding[];

/**
 * A body as it was before `Content-Encoding`.
 * @param maxBytes most that it may become
 * @throws ElucidError `unsupported-media-type` for another encoding, `bad-body` for damaged bytes, `too-large`
 */
export async function decodeBody(bytes: Buffer, header: string | undefined, maxBytes: number): Promise<Buffer> {
  const name = header?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return bytes;
  const encoding = NAMES.find((known) => known === name);
  if (encoding === undefined) {
    const received = JSON.stringify(name.slice(0, 50));
    const detail = `received Content-Encoding: ${received}; allowed are ${NAMES.join(', ')} and identity`;
    throw new ElucidError('unsupported-media-type', detail);
  }
  try {
    return await ENCODINGS[encoding].unpack(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ElucidError('too-large', `the body is larger than ${maxBytes} bytes when it is unpacked`);
    }
    throw new ElucidError('bad-body', `the body is no valid ${encoding}`);
  }
}

/** The encoding that a client asks for; null for none. */
export function acceptedEncoding(header: string | undefined): Encoding | null {
  if (header === undefined) return null;
  const chosen = new Negotiator({ headers: { 'accept-encoding': header } }).encoding([...NAMES, 'identity']);
  return NAMES.find((name) => name === chosen) ?? null;
}

/** Packs an answer, fast rather than small. */
export function encodeBody(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  return ENCODINGS[encoding].pack(bytes, { level: constants.Z_BEST_SPEED });
}
