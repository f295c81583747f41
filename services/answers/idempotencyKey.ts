import { faultAt } from '../../schemas/errors.ts';
import { MAX_KEY_LENGTH } from '../../schemas/jobs.ts';

const KEY = new RegExp(`^[\\x20-\\x7e]{1,${MAX_KEY_LENGTH}}$`);

/**
 * The key, if it is one.
 * @param name what the protocol calls it
 * @throws ElucidError `invalid`
 */
export function checkIdempotencyKey(key: string, name: string): string {
  if (KEY.test(key)) return key;
  throw faultAt(
    'invalid',
    '',
    `${name} must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters; received ${key.length}`,
  );
}
