import { z } from 'zod';

/** Bytes written as base64 (RFC 4648, with padding), decoded. Other alphabets, spaces and data URLs are refused. */
export const base64Bytes = z
  .string()
  .transform((text, context): Buffer => {
    const bytes = Buffer.from(text, 'base64');
    if (isWhole(text, bytes)) return bytes;
    const fault = base64Fault(text);
    if (fault === null) return bytes;
    context.issues.push({ code: 'custom', input: text, message: fault });
    return z.NEVER;
  })
  .meta({ contentEncoding: 'base64' });

/**
 * Whether nothing of a text was left out when it was decoded, which is quicker to see than what was: Node leaves out all
 * that is not base64, but for the two characters of base64url, and reads only the lower half of others than ASCII.
 */
function isWhole(text: string, bytes: Buffer): boolean {
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  const isComplete = text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - padding;
  return isComplete && !text.includes('-') && !text.includes('_') && Buffer.byteLength(text) === text.length;
}

/** Why a text is no base64, to follow the name of the field; null when it is. */
function base64Fault(text: string): string | null {
  if (text.startsWith('data:')) return 'must be base64 alone, without the "data:...;base64," of a data URL';
  const foreign = /[^A-Za-z0-9+/]/.exec(text.replace(/={1,2}$/, ''));
  if (foreign !== null) {
    return `must be base64 (A-Z, a-z, 0-9, "+", "/", "=" at the end); received ${JSON.stringify(foreign[0])} at ${foreign.index}`;
  }
  return text.length % 4 === 0
    ? null
    : `must be base64 with padding, a multiple of 4 characters; received ${text.length}`;
}
