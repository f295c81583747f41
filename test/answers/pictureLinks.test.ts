import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LINK_MS, PictureLinks } from '../../services/answers/pictureLinks.ts';
import { DiskFileStore } from '../../services/files/diskStore.ts';
import { openSecret } from '../../services/files/secret.ts';

const SECRET = new Uint8Array(32).fill(7);
const CONTENT = Uint8Array.of(1, 2, 3);

let folder: string;
let files: DiskFileStore;
let now = 1_000_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elucid-links-'));
  files = await DiskFileStore.open(join(folder, 'images'), { maxBytes: 2 ** 20, ttlMs: 2 * LINK_MS, now: () => now });
});
afterAll(async () => {
  files.close();
  await rm(folder, { recursive: true, force: true });
});

const links = (secret = SECRET) => new PictureLinks(files, secret, () => now);
const tokenOf = async () => (await links().link(CONTENT, 'image/png', null)).path.replace('/pictures/', '');
const refused = (token: string, by = links()) =>
  expect(by.follow(token)).rejects.toMatchObject({ code: 'unknown-picture' });

test('a link leads to its picture for ten minutes', async () => {
  const token = await tokenOf();
  const { content, mediaType, expires } = await links().follow(token);
  expect([[...content], mediaType, expires - now]).toEqual([[1, 2, 3], 'image/png', 600_000]);
  now += 600_000;
  await refused(token);
});

test('what is signed is the id and the end, by HMAC-SHA-256', async () => {
  const [id, end, mac] = (await tokenOf()).split('.');
  expect(mac).toBe(createHmac('sha256', SECRET).update(`${id}.${end}`).digest('base64url'));
});

test('no other id, end, signature or secret is followed', async () => {
  const [id = '', end = '', mac = ''] = (await tokenOf()).split('.');
  const image = await files.put({ kind: 'image', owner: null, mediaType: 'image/png', content: CONTENT });
  const later = (Number.parseInt(end, 36) + 1).toString(36);
  for (const token of [
    `${image.id}.${end}.${mac}`,
    `${id}.${later}.${mac}`,
    `${id}.${end}.${mac.replace(/^./, '_')}`,
  ]) {
    await refused(token);
  }
  await refused(`${id}.${end}.${mac}`, links(new Uint8Array(32).fill(8)));
  // A rightly signed id of an uploaded image is no picture.
  const signed = `${image.id}.${end}`;
  await refused(`${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`);
  await refused('');
});

test('the secret outlives the process, private to the user; a damaged one is made anew', async () => {
  const path = join(folder, 'data', 'secret');
  const secret = await openSecret(path);
  expect([secret.length, (await stat(path)).mode & 0o777]).toEqual([32, 0o600]);
  expect(Buffer.from(secret).equals(await openSecret(path))).toBe(true);
  await writeFile(path, 'short');
  const another = await openSecret(path);
  expect(Buffer.from(another).equals(await readFile(path))).toBe(true);
  expect(Buffer.from(another).equals(secret)).toBe(false);
});
