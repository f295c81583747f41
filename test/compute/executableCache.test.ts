import { ExecutableCache } from '../../services/compute/executableCache.ts';
import type { Executables } from '../../services/explanation/runPlan.ts';

/** Executables that count how often they are disposed of. */
function counted() {
  const state = { disposed: 0 };
  const executables: Executables = {
    explain: {
      run: async () => ({}),
      dispose: async () => {
        state.disposed += 1;
      },
    },
  };
  return { state, compile: async () => executables };
}

const nothing = async () => undefined;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('what is being compiled is compiled once for all who ask', async () => {
  const cache = new ExecutableCache(100);
  let compiled = 0;
  const compile = async () => {
    compiled += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return {};
  };
  const found = await Promise.all([1, 2, 3].map(() => cache.use('a', 1, compile, async (_, cached) => cached)));
  expect(compiled).toBe(1);
  expect(found).toEqual([false, true, true]);
});

test('the least recently used one is disposed of, once, when the bytes are spent', async () => {
  const cache = new ExecutableCache(2);
  const [a, b, c] = [counted(), counted(), counted()];
  await cache.use('a', 1, a.compile, nothing);
  await cache.use('b', 1, b.compile, nothing);
  await cache.use('a', 1, a.compile, nothing);
  await cache.use('c', 1, c.compile, nothing);
  await settled();
  expect([a, b, c].map(({ state }) => state.disposed)).toEqual([0, 1, 0]);
});

test('what is in use is disposed of by its last user', async () => {
  const cache = new ExecutableCache(1);
  const a = counted();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const using = cache.use('a', 1, a.compile, () => held);
  await cache.use('b', 1, counted().compile, nothing);
  expect(a.state.disposed).toBe(0);
  release();
  await using;
  expect(a.state.disposed).toBe(1);
});

test('one counts what its most expensive use took', async () => {
  const cache = new ExecutableCache(10);
  const [a, b] = [counted(), counted()];
  await cache.use('a', 3, a.compile, nothing);
  await cache.use('b', 3, b.compile, nothing);
  await cache.use('b', 7, b.compile, nothing);
  await cache.use('b', 2, b.compile, nothing);
  await settled();
  expect([a, b].map(({ state }) => state.disposed)).toEqual([0, 0]);
  await cache.use('b', 8, b.compile, nothing);
  await settled();
  expect([a, b].map(({ state }) => state.disposed)).toEqual([1, 0]);
});

test('one that is larger than the cache is still kept until another comes', async () => {
  const cache = new ExecutableCache(1);
  const a = counted();
  await cache.use('a', 10, a.compile, nothing);
  expect(a.state.disposed).toBe(0);
  expect(await cache.use('a', 10, a.compile, async (_, cached) => cached)).toBe(true);
});

test('a failed compilation is not remembered', async () => {
  const cache = new ExecutableCache(10);
  const failing = () => cache.use('a', 1, () => Promise.reject(new Error('no')), nothing);
  await expect(failing()).rejects.toThrow('no');
  expect(await cache.use('a', 1, counted().compile, async (_, cached) => cached)).toBe(false);
});

test('clear forgets the keys of a prefix only', async () => {
  const cache = new ExecutableCache(10);
  const [a, b] = [counted(), counted()];
  await cache.use('m1 x', 1, a.compile, nothing);
  await cache.use('m2 x', 1, b.compile, nothing);
  await cache.clear('m1 ');
  expect([a.state.disposed, b.state.disposed]).toEqual([1, 0]);
});
