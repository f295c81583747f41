import { createHash, timingSafeEqual } from 'node:crypto';
import type { Principal } from './principal.ts';

interface KnownKey {
  readonly digest: Buffer;
  readonly principal: Principal;
}

/** Characters of an owner's id: 64 bits of a hash. */
const OWNER_CHARACTERS = 16;

/** The keys that are valid now. Only their hashes are kept. */
export class KeyRing {
  readonly #known: readonly KnownKey[];
  /** Whether nobody is served without a key. */
  readonly required: boolean;
  /** Whether there are no keys of either kind. */
  readonly isEmpty: boolean;

  /** @param admin a key that is among both administrates */
  constructor(api: readonly string[], admin: readonly string[]) {
    this.required = api.length > 0;
    this.isEmpty = api.length + admin.length === 0;
    const administrators = new Set(admin);
    this.#known = [...new Set([...api, ...admin])].map((key) => ({
      digest: sha256(key),
      principal: { owner: ownerOf(key), admin: administrators.has(key) },
    }));
  }

  /**
   * Who shows a key; null for one that is not known. The time that it takes depends on the length of what is shown and on
   * the number of keys, not on what the keys are: hashes are compared, always with all of them.
   */
  identify(shown: string): Principal | null {
    const digest = sha256(shown);
    let found: Principal | null = null;
    for (const known of this.#known) {
      if (timingSafeEqual(digest, known.digest)) found = known.principal;
    }
    return found;
  }
}

/** No keys at all: everybody is served, and administrates from the same machine. */
export const NO_KEYS = new KeyRing([], []);

/** The same for the same key at every start, as jobs outlive them; tells nothing of the key. */
function ownerOf(key: string): string {
  return sha256(`owner\n${key}`).toString('hex').slice(0, OWNER_CHARACTERS);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
