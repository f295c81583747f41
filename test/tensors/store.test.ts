import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MissingTensorError, TensorStore } from '../../models/tensors/store.ts';
import type { StoredTensor } from '../../models/tensors/tensor.ts';

const VALUES = Float32Array.of(1, -2.5, 3, 0, 1e-9, 7);

function stored(folder: string, key: string, shape: readonly number[] = [2, 3]): StoredTensor {
  return { kind: 'stored', shape, folder, key };
}

async function permissions(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

let parent: string;
let store: TensorStore;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'elucid-store-'));
  store = await TensorStore.open(join(parent, 'cache'));
});
afterEach(async () => {
  await rm(parent, { recursive: true });
});

describe('permissions', () => {
  test('the store, its folders and its files are private to the user', async () => {
    await store.write(stored('model', 'w'), VALUES);
    expect(await permissions(store.root)).toBe(0o700);
    expect(await permissions(join(store.root, 'model'))).toBe(0o700);
    expect(await permissions(await store.path(stored('model', 'w')))).toBe(0o600);
  });

  test('a folder that others could read is closed when it is opened', async () => {
    const open = join(parent, 'open');
    await mkdir(open);
    await chmod(open, 0o755);
    await TensorStore.open(open);
    expect(await permissions(open)).toBe(0o700);
  });
});

describe('tensors', () => {
  test('are read back as they were written, bit by bit', async () => {
    await store.write(stored('model', 'w'), VALUES);
    expect(await store.has(stored('model', 'w'))).toBe(true);
    expect(await store.read(stored('model', 'w'))).toEqual(VALUES);
    expect((await readFile(await store.path(stored('model', 'w')))).readFloatLE(4)).toBe(-2.5);
  });

  test('have the SHA-256 of their values behind them', async () => {
    await store.write(stored('model', 'w'), VALUES);
    const file = await readFile(await store.path(stored('model', 'w')));
    expect(file.subarray(0, 24)).toEqual(Buffer.from(VALUES.buffer));
    expect(file.subarray(24)).toEqual(createHash('sha256').update(file.subarray(0, 24)).digest());
  });

  test('of a part of an array are written without the rest', async () => {
    await store.write(stored('model', 'part', [2]), VALUES.subarray(1, 3));
    expect(await store.read(stored('model', 'part', [2]))).toEqual(Float32Array.of(-2.5, 3));
  });

  test('in memory are read without the store', async () => {
    expect(await store.read({ kind: 'array', shape: [2, 3], data: VALUES })).toBe(VALUES);
  });

  test('are immutable: a second write of the same name changes nothing', async () => {
    await store.write(stored('model', 'w'), VALUES);
    await store.write(stored('model', 'w'), new Float32Array(6));
    expect(await store.read(stored('model', 'w'))).toEqual(VALUES);
  });

  test('must have as many values as their shape says', async () => {
    await expect(store.write(stored('model', 'w', [7]), VALUES)).rejects.toThrow(RangeError);
  });

  test('that are not there are missing', async () => {
    expect(await store.has(stored('model', 'w'))).toBe(false);
    await expect(store.path(stored('model', 'w'))).rejects.toBeInstanceOf(MissingTensorError);
    await expect(store.read(stored('model', 'w'))).rejects.toThrow(/w of model should have 56 bytes, found no file/);
  });

  test('of another size are missing, and written anew', async () => {
    await store.writeFile('model', 'w.bin', new Uint8Array(20));
    await expect(store.read(stored('model', 'w'))).rejects.toThrow(/should have 56 bytes, found 20/);
    await store.write(stored('model', 'w'), VALUES);
    expect(await store.read(stored('model', 'w'))).toEqual(VALUES);
  });
});

describe('writing', () => {
  test('leaves no temporary file behind', async () => {
    await Promise.all([1, 2, 3].map(() => store.write(stored('model', 'w'), VALUES)));
    expect(await readdir(join(store.root, 'model'))).toEqual(['w.bin']);
  });

  test('replaces a file as a whole: who has it open keeps the old content', async () => {
    const path = await store.writeFile('model', 'graph.onnx', Buffer.from('old'));
    const before = (await stat(path)).ino;
    await store.writeFile('model', 'graph.onnx', Buffer.from('new'));
    expect((await stat(path)).ino).not.toBe(before);
    expect((await store.readFile('model', 'graph.onnx'))?.toString()).toBe('new');
  });

  test('that fails leaves no temporary file behind', async () => {
    await mkdir(await store.companion('model', 'taken'));
    await expect(store.writeFile('model', 'taken', Buffer.from('x'))).rejects.toThrow();
    expect(await readdir(join(store.root, 'model'))).toEqual(['taken']);
  });

  test('and removing are seen by reading', async () => {
    expect(await store.readFile('model', 'network.json')).toBeNull();
    await store.writeFile('model', 'network.json', Buffer.from('{}'));
    await store.remove('model', 'network.json');
    await store.remove('model', 'network.json');
    expect(await store.readFile('model', 'network.json')).toBeNull();
  });
});

describe('a store whose folders are deleted', () => {
  test('is written to again, and holds nothing before', async () => {
    await store.write(stored('model', 'w'), VALUES);
    await rm(store.root, { recursive: true });
    expect(await store.folders()).toEqual([]);
    expect(await store.names('model')).toEqual([]);
    expect(await store.evict(0)).toBe(0);
    await expect(store.read(stored('model', 'w'))).rejects.toBeInstanceOf(MissingTensorError);
    await store.write(stored('model', 'w'), VALUES);
    expect(await store.read(stored('model', 'w'))).toEqual(VALUES);
    expect(await permissions(store.root)).toBe(0o700);
  });

  test('while files are written ends with whole files or none', async () => {
    const writing = Array.from({ length: 100 }, (_, i) => store.write(stored('model', `w${i}`), VALUES));
    for (let i = 0; i < 3; i += 1)
      await rm(join(store.root, 'model'), { recursive: true, force: true, maxRetries: 20, retryDelay: 1 });
    await Promise.all(writing);
    const names = await store.names('model');
    for (const name of names) {
      expect(await store.read(stored('model', name.replace('.bin', '')))).toEqual(VALUES);
    }
  });
});

describe('names', () => {
  const outside = ['..', '.', '../other', 'a/b', '/etc', '', '.hidden', '-option', 'a\\b', 'a\0b', 'ä', 'a b'];

  test.each(outside)('%j names neither a folder nor a file', async (name) => {
    await expect(store.companion(name, 'file')).rejects.toThrow(RangeError);
    await expect(store.companion('model', name)).rejects.toThrow(RangeError);
    await expect(store.write(stored(name, 'w'), VALUES)).rejects.toThrow(RangeError);
    await expect(store.write(stored('model', name), VALUES)).rejects.toThrow(RangeError);
    await expect(store.touch(name, ['w.bin'])).rejects.toThrow(RangeError);
  });
});

describe('eviction', () => {
  const used = async (folder: string, seconds: number) => {
    await store.write(stored(folder, 'w'), VALUES);
    await utimes(join(store.root, folder, 'w.bin'), seconds, seconds);
  };
  const left = async () => {
    const folders = ['oldest', 'middle', 'newest'];
    const present = await Promise.all(folders.map((folder) => store.has(stored(folder, 'w'))));
    return folders.filter((_, i) => present[i]);
  };

  beforeEach(async () => {
    await used('middle', 2000);
    await used('oldest', 1000);
    await used('newest', 3000);
  });

  test('deletes nothing while the store is small enough', async () => {
    expect(await store.evict(168)).toBe(0);
    expect(await left()).toEqual(['oldest', 'middle', 'newest']);
  });

  test('deletes the least recently used files first, and no more than needed', async () => {
    expect(await store.evict(167)).toBe(1);
    expect(await left()).toEqual(['middle', 'newest']);
    await store.evict(70);
    expect(await left()).toEqual(['newest']);
  });

  test('counts a touched file as just used, and passes over a missing one', async () => {
    await store.touch('oldest', ['w.bin', 'missing.bin']);
    await store.evict(112);
    expect(await left()).toEqual(['oldest', 'newest']);
  });

  test('of everything leaves a store that works', async () => {
    await writeFile(join(store.root, 'a file beside the folders'), 'x');
    expect(await store.evict(0)).toBe(3);
    await store.write(stored('oldest', 'w'), VALUES);
    expect(await store.read(stored('oldest', 'w'))).toEqual(VALUES);
  });
});

describe("another model's tensor", () => {
  test('becomes a file of this folder too, the same one on disk', async () => {
    const tensor = stored('generator', 'w');
    await store.write(tensor, VALUES);
    const linked = await store.link(tensor, 'model');
    expect(linked.folder).toBe('model');
    expect([...(await store.read(linked))]).toEqual([...VALUES]);
    expect((await stat(await store.path(linked))).ino).toBe((await stat(await store.path(tensor))).ino);
    expect(await store.link(tensor, 'model')).toEqual(linked);
    expect((await readdir(join(store.root, 'model'))).length).toBe(1);
  });

  test("outlives the other model's folder", async () => {
    const tensor = stored('generator', 'w');
    await store.write(tensor, VALUES);
    const linked = await store.link(tensor, 'model');
    await rm(join(store.root, 'generator'), { recursive: true });
    expect([...(await store.read(linked))]).toEqual([...VALUES]);
    await expect(store.link(tensor, 'third')).rejects.toThrow(MissingTensorError);
  });

  test('is itself in its own folder', async () => {
    const tensor = stored('model', 'w');
    await store.write(tensor, VALUES);
    expect(await store.link(tensor, 'model')).toBe(tensor);
  });
});
