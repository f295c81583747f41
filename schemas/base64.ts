import { z } from 'zod';

/** Bytes written as base64 (RFC 4648, with padding), decoded. Other alphabets, spaces and data URLs are refused. */
export const base64Bytes = z
  .string()
  .transform((text, context): Buffer => {
    const fault = base64Fault(text);
    if (fault === null) return Buffer.from(text, 'base64');
    context.issues.push({ code: 'custom', input: text, message: fault });
    return z.NEVER;
  })
  .meta({ contentEncoding: 'base64' });

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
