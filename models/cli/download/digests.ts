import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ModelFile } from '../../../schemas/manifest.ts';
import { isMissing } from '../../tensors/missing.ts';

const ALGORITHMS = ['sha256', 'sha1'] as const;

/** The checksums of a file that grows. */
export class Digests {
  private readonly hashes: Readonly<Record<(typeof ALGORITHMS)[number], Hash>>;
  private count = 0;

  constructor() {
    this.hashes = { sha256: createHash('sha256'), sha1: createHash('sha1') };
  }

  /** Those of a file, or null when there is none. */
  static async ofFile(path: string): Promise<Digests | null> {
    const size = await stat(path).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    if (size === null) return null;
    const digests = new Digests();
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) digests.update(chunk);
    return digests;
  }

  /** How many bytes were added. */
  get bytes(): number {
    return this.count;
  }

  get sha256(): string {
    return this.hashes.sha256.copy().digest('hex');
  }

  update(chunk: Uint8Array): void {
    this.count += chunk.byteLength;
    for (const hash of Object.values(this.hashes)) hash.update(chunk);
  }

  /** How the bytes so far differ from what the manifest states; null when they do not. */
  difference(file: ModelFile): string | null {
    for (const name of ALGORITHMS) {
      const actual = this.hashes[name].copy().digest('hex');
      const stated = file[name];
      if (stated !== undefined && stated !== actual)
        return `its ${name} is ${actual}, but the manifest states ${stated}`;
    }
    return null;
  }
}

/** Whether the manifest states a checksum of the file. */
export function isStated({ sha256, sha1 }: ModelFile): boolean {
  return sha256 !== undefined || sha1 !== undefined;
}
