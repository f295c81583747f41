import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { networkOf } from '../../services/access/clientAddress.ts';
import { RateLimit } from '../../services/access/rateLimit.ts';

afterEach(() => {
  jest.useRealTimers();
});

describe('points per minute', () => {
  test('are counted for each client, and come back after a minute', async () => {
    jest.useFakeTimers();
    const limit = new RateLimit(10);
    expect(await limit.charge('a', 4)).toEqual({ limit: 10, remaining: 6, resetS: 60, refused: false });
    jest.advanceTimersByTime(20_000);
    expect(await limit.charge('a', 6)).toEqual({ limit: 10, remaining: 0, resetS: 40, refused: false });
    expect(await limit.left('a')).toMatchObject({ remaining: 0, refused: true });
    expect(await limit.charge('b', 1)).toMatchObject({ remaining: 9, refused: false });
    jest.advanceTimersByTime(40_001);
    expect(await limit.left('a')).toMatchObject({ remaining: 10, refused: false });
    expect(await limit.charge('a', 1)).toMatchObject({ remaining: 9, refused: false });
  });

  test('what is refused costs nothing', async () => {
    const limit = new RateLimit(10);
    await limit.charge('a', 8);
    expect(await limit.charge('a', 3)).toMatchObject({ remaining: 2, refused: true });
    expect(await limit.charge('a', 2)).toMatchObject({ remaining: 0, refused: false });
  });

  test('what costs more than there is in a minute is allowed once', async () => {
    const limit = new RateLimit(10);
    expect(await limit.charge('a', 20)).toMatchObject({ remaining: 0, refused: false });
    expect(await limit.charge('a', 20)).toMatchObject({ refused: true });
  });

  test('of more clients than are counted, the one not seen for longest is forgotten', async () => {
    const limit = new RateLimit(1, 3);
    for (const client of ['a', 'b', 'c', 'd']) await limit.charge(client, 1);
    expect(limit.size).toBe(3);
    expect(await limit.left('a')).toMatchObject({ refused: false });
    expect(await limit.left('b')).toMatchObject({ refused: true });
  });
});

describe('addresses', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ])('%s stands for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test('of one /64 are one client however they are written, of two /64 two', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = fc.array(group, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        const sibling = [...one.slice(0, 4), ...other.slice(4)];
        expect(networkOf(written(one))).toBe(networkOf(canonical(sibling)));
        const differ = one.slice(0, 4).some((value, i) => value !== other[i]);
        expect(networkOf(written(one)) !== networkOf(written(other))).toBe(differ);
      }),
    );
  });
});

const written = (groups: readonly number[]) => groups.map((value) => value.toString(16).padStart(4, '0')).join(':');

/** As the URL standard writes it, zeros left out. */
const canonical = (groups: readonly number[]) => new URL(`http://[${written(groups)}]/`).hostname.slice(1, -1);
