import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { authenticate } from '../../services/access/authenticate.ts';
import { KeyRing, NO_KEYS } from '../../services/access/keyRing.ts';
import { KeyError, type KeySources, Keys } from '../../services/access/keySources.ts';
import { ANONYMOUS } from '../../services/access/principal.ts';

const A = 'key-of-alice-0001';
const B = 'key-of-bob-000002';
const ROOT = 'key-of-the-admin-3';

const folder = mkdtempSync(join(tmpdir(), 'elucid-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(folder, `keys-${files}`);
  writeFileSync(path, text);
  return path;
}

describe('a ring of keys', () => {
  const ring = new KeyRing([A, B], [ROOT]);

  test('tells owners apart, the same at every start, without telling the key', () => {
    const alice = ring.identify(A);
    expect(alice).toEqual({ owner: expect.stringMatching(/^[0-9a-f]{16}$/), admin: false });
    expect(new KeyRing([A], []).identify(A)).toEqual(alice);
    expect(ring.identify(B)?.owner).not.toBe(alice?.owner);
    expect(A).not.toContain(alice?.owner);
  });

  test.each(['', 'key', A.slice(0, -1), `${A}x`, A.toUpperCase(), ` ${A}`])('does not know %j', (shown) => {
    expect(ring.identify(shown)).toBeNull();
  });

  test('an admin key administrates, also one that is an API key, too', () => {
    expect(ring.identify(ROOT)?.admin).toBe(true);
    expect(new KeyRing([A], [A]).identify(A)?.admin).toBe(true);
  });

  test('the time of a look-up does not tell how much of a key is right', () => {
    const many = new KeyRing(
      Array.from({ length: 64 }, (_, i) => `${i}`.padStart(32, 'k')),
      [],
    );
    const first = '0'.padStart(32, 'k');
    const shown = [first, '63'.padStart(32, 'k'), 'x'.repeat(32), `${first.slice(0, -1)}x`];
    const times = shown.map((): number[] => []);
    // In turn, so that whatever else the machine does meets them all.
    for (let round = 0; round < 4000; round += 1) {
      shown.forEach((key, i) => {
        const start = process.hrtime.bigint();
        many.identify(key);
        times[i]?.push(Number(process.hrtime.bigint() - start));
      });
    }
    const medians = times.map((taken) => taken.slice(2000).sort((a, b) => a - b)[1000] ?? Number.NaN);
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(1.5);
  });
});

describe('keys from the environment and from files', () => {
  test('are separated by commas and lines; files have comments', () => {
    const { ring } = new Keys({
      API_KEYS: `${A}, ${B}`,
      ADMIN_KEYS_FILE: file(`# of the\n  # admin\r\n${ROOT}\r\n\n`),
    });
    expect([A, B, ROOT].map((key) => ring.identify(key)?.admin)).toEqual([false, false, true]);
    expect(ring.identify('# of the')).toBeNull();
  });

  test('variable and file add up', () => {
    const { ring } = new Keys({ API_KEYS: A, API_KEYS_FILE: file(B) });
    expect([A, B].map((key) => ring.identify(key) !== null)).toEqual([true, true]);
  });

  test.each<[string, KeySources, string]>([
    ['a short one', { API_KEYS: `${A},hunter2` }, 'API_KEYS: key 2 has 7 characters; allowed are keys of 16 to 256'],
    ['a long one', { ADMIN_KEYS: 'hunter2'.repeat(50) }, 'ADMIN_KEYS: key 1 has 350 characters'],
    ['one with a space', { API_KEYS: 'hunter2 hunter2 hunter2' }, 'characters of another kind'],
    ['one that is not ASCII', { API_KEYS: 'hunter2hunter2hunter2é' }, 'characters of another kind'],
    ['none', { API_KEYS: ' , ' }, 'there is no key in it'],
    ['an empty file', { API_KEYS_FILE: file('# nothing\n') }, 'there is no key in it'],
    ['a short one in a file', { API_KEYS_FILE: file('hunter2') }, 'key 1 has 7 characters'],
    ['no file', { API_KEYS_FILE: join(folder, 'nowhere') }, 'allowed is the path of a file that exists'],
    ['a folder', { ADMIN_KEYS_FILE: folder }, 'allowed is the path of a file that exists'],
    ['a huge file', { API_KEYS_FILE: file('hunter2'.repeat(200_000)) }, 'a file of 1400000 bytes; allowed are 1048576'],
  ])('%s is refused without being told', (_name, sources, words) => {
    const make = () => new Keys(sources);
    expect(make).toThrow(KeyError);
    expect(make).toThrow(words);
    expect(make).not.toThrow('hunter2');
  });

  test('a file that is read again replaces its keys; a bad one leaves them', () => {
    const path = file(A);
    const keys = new Keys({ API_KEYS_FILE: path });
    writeFileSync(path, B);
    expect(keys.ring.identify(B)).toBeNull();
    keys.reload();
    expect([keys.ring.identify(A), keys.ring.identify(B)?.admin]).toEqual([null, false]);
    writeFileSync(path, 'short');
    expect(() => keys.reload()).toThrow('has 5 characters');
    rmSync(path);
    expect(() => keys.reload()).toThrow('a file that exists');
    expect(keys.ring.identify(B)?.admin).toBe(false);
  });
});

describe('credentials', () => {
  const ring = new KeyRing([A, B], []);
  const owner = ring.identify(A)?.owner;

  test.each([
    { authorization: `Bearer ${A}` },
    { authorization: `bearer  ${A}` },
    { 'x-api-key': A },
    { 'X-API-Key': A },
    { Authorization: `Bearer ${A}`, 'x-api-key': A },
    { authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': A },
  ])('%j identify', (credentials) => {
    expect(authenticate(ring, credentials).owner).toBe(owner);
  });

  test.each<[object, string]>([
    [{}, 'received no key'],
    [{ authorization: `Basic ${A}` }, 'received no key'],
    [{ authorization: A }, 'received no key'],
    [{ 'x-api-key': [A] }, 'received no key'],
    [{ 'x-api-key': 'wrong' }, 'a key that is not valid'],
    [{ authorization: `Bearer ${A}`, 'x-api-key': B }, 'two different keys'],
  ])('%j are refused', (credentials, words) => {
    expect(() => authenticate(ring, { ...credentials })).toThrow(words);
  });

  test('without keys they mean nothing; with admin keys alone they may be left out, not be wrong', () => {
    expect(authenticate(NO_KEYS, { 'x-api-key': 'anything' })).toBe(ANONYMOUS);
    const admins = new KeyRing([], [ROOT]);
    expect(authenticate(admins, {})).toBe(ANONYMOUS);
    expect(authenticate(admins, { 'x-api-key': ROOT }).admin).toBe(true);
    expect(() => authenticate(admins, { 'x-api-key': A })).toThrow('not valid');
  });
});
