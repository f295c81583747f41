import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { usageOf } from '../../services/compute/processUsage.ts';

const MIB = 2 ** 20;

/** Another count of the kernel's, page by page. */
function rollup(field: string): number {
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
}

if (process.platform === 'linux') {
  test('private memory is what no file stands behind', async () => {
    const before = (await usageOf(process.pid)).privateBytes ?? 0;
    const held = Buffer.alloc(128 * MIB, 1);
    const after = (await usageOf(process.pid)).privateBytes ?? 0;
    const counted = rollup('Anonymous') + rollup('SwapPss');
    // Node's own program is mapped, not private.
    expect(rollup('Rss') - rollup('Anonymous')).toBeGreaterThan(20 * MIB);
    expect(Math.abs(after - counted)).toBeLessThan(16 * MIB);
    expect(after - before).toBeGreaterThan(100 * MIB);
    expect(held).toHaveLength(128 * MIB);
  });

  test('processor time grows with work', async () => {
    const before = (await usageOf(process.pid)).processorTicks ?? 0;
    const end = process.cpuUsage().user + 200_000;
    while (process.cpuUsage().user < end);
    expect((await usageOf(process.pid)).processorTicks).toBeGreaterThanOrEqual(before + 15);
  });
}

test('of a process that is gone nothing is known', async () => {
  expect((await usageOf(2 ** 22 + 1)).privateBytes ?? 0).toBe(0);
});
