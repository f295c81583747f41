import { randomBytes } from 'node:crypto';

/** Largest value of the counter in the field `rand_a`. */
const MAX_COUNTER = 0xfff;

/**
 * Ids of jobs: UUIDs of version 7 with a counter (RFC 9562, section 6.2, method 1), so that their order is the order in
 * which they were made, within a millisecond and when the clock goes back, too.
 */
export class JobIds {
  #time = 0;
  #counter = 0;

  /** @param now milliseconds since 1970 */
  next(now: number): string {
    this.#advance(now);
    const bytes = randomBytes(16);
    bytes.writeUIntBE(this.#time, 0, 6);
    bytes.writeUInt16BE(0x7000 | this.#counter, 6);
    bytes[8] = 0x80 | (bytes.readUInt8(8) & 0x3f);
    const hex = bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  #advance(now: number): void {
    if (now <= this.#time && this.#counter < MAX_COUNTER) this.#counter += 1;
    else {
      this.#time = Math.max(now, this.#time + 1);
      this.#counter = 0;
    }
  }
}
