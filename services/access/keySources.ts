import { readFileSync, statSync } from 'node:fs';
import { KeyRing } from './keyRing.ts';

/** Where keys come from, by the names of the variables. */
export interface KeySources {
  readonly API_KEYS?: string | undefined;
  readonly API_KEYS_FILE?: string | undefined;
  readonly ADMIN_KEYS?: string | undefined;
  readonly ADMIN_KEYS_FILE?: string | undefined;
}

/** Keys that cannot be used. It names the variable, and never says what the keys are. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

const KEY = /^[\x21-\x2b\x2d-\x7e]{16,256}$/;

const ALLOWED = 'keys of 16 to 256 printable ASCII characters without spaces, separated by commas or lines';

const MAX_FILE_BYTES = 1 << 20;

/** Keys that can be read again while the service runs. */
export class Keys {
  readonly #sources: KeySources;
  #ring: KeyRing;

  /** @throws KeyError */
  constructor(sources: KeySources = {}) {
    this.#sources = sources;
    this.#ring = readKeys(sources);
  }

  /** Those that are valid now; ask anew for every request. */
  get ring(): KeyRing {
    return this.#ring;
  }

  /** Reads the files again. @throws KeyError: the keys stay as they were */
  reload(): void {
    this.#ring = readKeys(this.#sources);
  }
}

function readKeys(sources: KeySources): KeyRing {
  const keysOf = (kind: 'API_KEYS' | 'ADMIN_KEYS') => [
    ...fromVariable(kind, sources[kind]),
    ...fromFile(`${kind}_FILE`, sources[`${kind}_FILE`]),
  ];
  return new KeyRing(keysOf('API_KEYS'), keysOf('ADMIN_KEYS'));
}

function fromVariable(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : parseKeys(name, value);
}

function fromFile(name: string, path: string | undefined): readonly string[] {
  if (path === undefined) return [];
  const place = `${name}: received ${JSON.stringify(path)}`;
  const { size } = statOf(path, place);
  if (size > MAX_FILE_BYTES) throw new KeyError(`${place}, a file of ${size} bytes; allowed are ${MAX_FILE_BYTES}`);
  const lines = readText(path, place).split('\n');
  return parseKeys(place, lines.filter((line) => !/^\s*#/.test(line)).join('\n'));
}

function statOf(path: string, place: string) {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile() !== true) throw new KeyError(`${place}; allowed is the path of a file that exists`);
  return status;
}

function readText(path: string, place: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'an error' } = error as NodeJS.ErrnoException;
    throw new KeyError(`${place}, which cannot be read (${code}); allowed is a file that the service may read`);
  }
}

function parseKeys(place: string, text: string): readonly string[] {
  const keys = text.split(/[\n,]/).flatMap((part) => part.trim() || []);
  if (keys.length === 0) throw new KeyError(`${place}: there is no key in it; allowed are ${ALLOWED}`);
  keys.forEach((key, i) => {
    if (KEY.test(key)) return;
    const what =
      key.length < 16 || key.length > 256 ? `has ${key.length} characters` : 'has characters of another kind';
    throw new KeyError(`${place}: key ${i + 1} ${what}; allowed are ${ALLOWED}`);
  });
  return keys;
}
