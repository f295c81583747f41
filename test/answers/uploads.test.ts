import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { parseExplainJson } from '../../schemas/explain.ts';
import { Uploads } from '../../services/answers/uploads.ts';
import { DiskFileStore } from '../../services/files/diskStore.ts';

let folder: string;
let files: DiskFileStore;
let uploads: Uploads;
let png: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elucid-uploads-'));
  files = await DiskFileStore.open(folder, { maxBytes: 2 ** 20, ttlMs: 60_000 });
  uploads = new Uploads(files);
  png = await sharp({ create: { width: 3, height: 2, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
});
afterAll(async () => {
  files.close();
  await rm(folder, { recursive: true, force: true });
});

test('the image of another owner does not exist, and equal bytes are another image', async () => {
  const { id } = await uploads.put(png, 'a');
  expect(png.equals(await uploads.get(id, 'a'))).toBe(true);
  for (const owner of ['b', null]) {
    await expect(uploads.get(id, owner)).rejects.toMatchObject({ code: 'unknown-image' });
    expect((await uploads.put(png, owner)).id).not.toBe(id);
  }
});

test('a kept picture is no uploaded image', async () => {
  const picture = await files.put({ kind: 'picture', owner: 'a', mediaType: 'image/png', content: png });
  await expect(uploads.get(picture.id, 'a')).rejects.toMatchObject({ code: 'unknown-image' });
});

test('a request gets the bytes of the image that it names, for its own owner only', async () => {
  const { id } = await uploads.put(png, 'a');
  const given = parseExplainJson({ model: 'digits', input: { imageId: id } });
  expect(await uploads.resolve(given, 'a')).toEqual({ ...given, input: { kind: 'image', bytes: png } });
  await expect(uploads.resolve(given, 'b')).rejects.toMatchObject({ code: 'unknown-image' });
});
