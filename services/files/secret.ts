import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { writeAtomically } from '../../models/tensors/atomicWrite.ts';
import { isMissing } from '../../models/tensors/missing.ts';

const SECRET_BYTES = 32;

/** A random secret that outlives the process, in a file that only this user can read; made where there is none. */
export async function openSecret(path: string): Promise<Uint8Array> {
  const known = await readFile(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (known !== null && known.length === SECRET_BYTES) {
    await chmod(path, 0o600);
    return known;
  }
  const secret = randomBytes(SECRET_BYTES);
  await writeAtomically(path, [secret], { durable: true });
  return secret;
}
