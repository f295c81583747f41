import { createHash } from 'node:crypto';
import type { NewFile } from './store.ts';

/** What an id looks like: it is the name of a file, too. */
export const FILE_ID = /^[A-Za-z0-9_-]{32}$/;

/** 192 bits of SHA-256 over kind, owner and content: equal files of equal owners are one. */
export function fileId({ kind, owner, mediaType, content }: NewFile): string {
  const hash = createHash('sha256')
    .update(`${JSON.stringify([kind, owner, mediaType])}\n`)
    .update(content);
  return hash.digest().subarray(0, 24).toString('base64url');
}
