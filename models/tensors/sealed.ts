import { createHash } from 'node:crypto';

const DIGEST_LENGTH = 64;

/** Text with its SHA-256 in a line before it. */
export function seal(text: string): Uint8Array {
  return new TextEncoder().encode(`${sha256(text)}\n${text}`);
}

/** The text that `seal` wrote; null when the bytes are anything else. */
export function unseal(bytes: Uint8Array): string | null {
  const content = new TextDecoder().decode(bytes);
  const text = content.slice(DIGEST_LENGTH + 1);
  return content.startsWith(`${sha256(text)}\n`) ? text : null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
