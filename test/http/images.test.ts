import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { uploadedImageSchema } from '../../schemas/images.ts';
import { type TestApp, testApp } from './testApp.ts';

let fake: TestApp;
let png: Buffer;

beforeAll(async () => {
  fake = await testApp();
  png = await picture(0);
});
beforeEach(() => {
  fake.service.commands.length = 0;
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

const picture = (gray: number, format: 'png' | 'jpeg' | 'webp' = 'png') =>
  sharp({ create: { width: 28, height: 28, channels: 3, background: { r: gray, g: gray, b: gray } } })
    .toFormat(format)
    .toBuffer();

const upload = (payload: Buffer, type = 'application/octet-stream') =>
  fake.app.inject({ method: 'PUT', url: '/images', payload, headers: type === '' ? {} : { 'content-type': type } });

const explain = (imageId: unknown, headers: Record<string, string> = {}) =>
  fake.app.inject({ method: 'POST', url: '/explain', headers, payload: { model: 'digits', input: { imageId } } });

describe('PUT /images', () => {
  test.each(['png', 'jpeg', 'webp'] as const)('keeps a %s, whatever its type was said to be', async (format) => {
    const content = await picture(100, format);
    const answer = await upload(content, 'image/gif');
    const kept = uploadedImageSchema.parse(answer.json());
    expect([answer.statusCode, kept.media_type, kept.bytes]).toEqual([201, `image/${format}`, content.length]);
    expect(kept.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(Date.parse(kept.expires)).toBeGreaterThan(Date.now());
  });

  test('the same bytes have the same id', async () => {
    const [first, again, other] = [await upload(png), await upload(png, 'image/png'), await upload(await picture(9))];
    expect(again.json().imageId).toBe(first.json().imageId);
    expect(other.json().imageId).not.toBe(first.json().imageId);
  });

  test.each([
    ['nothing', () => Buffer.alloc(0), 'an empty file'],
    ['text', () => Buffer.from('hello'), '5 bytes of text'],
    ['a GIF', () => Buffer.from('GIF89a...'), 'a GIF image'],
    ['a truncated PNG', () => png.subarray(0, 60), 'a truncated PNG'],
  ])('%s is 415', async (_name, bytes, received) => {
    const answer = await upload(bytes());
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'unsupported-image']);
    expect(answer.json().detail).toContain(received);
  });

  test.each(['', 'application/json', 'multipart/form-data; boundary=x', 'text/plain'])(
    'a body of type %j is 415',
    async (type) => {
      const answer = await upload(png, type);
      expect([answer.statusCode, answer.json().code]).toEqual([415, 'unsupported-media-type']);
    },
  );

  test('more than MAX_UPLOAD_BYTES is 413, and no room is 503', async () => {
    expect((await upload(Buffer.concat([png, Buffer.alloc(64 * 1024)]))).statusCode).toBe(413);
    const { app, jobs } = await testApp({ MAX_UPLOAD_BYTES: 2 ** 22 });
    const large = Buffer.concat([png, Buffer.alloc(2 ** 20)]);
    const answer = await app.inject({
      ...{ method: 'PUT', url: '/images', payload: large },
      headers: { 'content-type': 'image/png' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'storage-full']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    await app.close();
    await jobs.close();
  });

  test('other methods are 405', async () => {
    const answer = await fake.app.inject({ method: 'GET', url: '/images' });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'PUT, OPTIONS']);
  });
});

describe('requests that name an uploaded image', () => {
  test('POST /explain explains its bytes', async () => {
    const { imageId } = (await upload(png)).json();
    expect((await explain(imageId)).statusCode).toBe(200);
    const input = fake.service.commands[0]?.input;
    expect(input?.kind === 'image' && png.equals(input.bytes)).toBe(true);
  });

  test('a job keeps them', async () => {
    const { imageId } = (await upload(png)).json();
    const answer = await explain(imageId, { prefer: 'respond-async, wait=10' });
    expect([answer.statusCode, answer.json().model?.name]).toEqual([200, 'digits']);
    const input = fake.service.commands[0]?.input;
    expect(input?.kind === 'image' && png.equals(input.bytes)).toBe(true);
  });

  test('POST /prototype starts there', async () => {
    const { imageId } = (await upload(png)).json();
    const send = (id: string) =>
      fake.app.inject({
        ...{ method: 'POST', url: '/prototype' },
        payload: { model: 'digits', target: 0, init: { imageId: id } },
      });
    expect((await send(imageId)).statusCode).toBe(202);
    expect([(await send('x')).statusCode, (await send('x')).json().code]).toEqual([404, 'unknown-image']);
  });

  test('an unknown id is 404, one that cannot be an id 422', async () => {
    expect([(await explain('A'.repeat(32))).statusCode, (await explain('A'.repeat(32))).json().code]).toEqual([
      404,
      'unknown-image',
    ]);
    for (const id of ['../secret', '', 3, 'a'.repeat(65)]) {
      const answer = await explain(id);
      expect([id, answer.statusCode, answer.json().errors[0]?.pointer]).toEqual([id, 422, '/input/imageId']);
    }
  });

  test('an image beside an id is 422', async () => {
    const input = { imageId: 'a', image: png.toString('base64') };
    const answer = await fake.app.inject({ method: 'POST', url: '/explain', payload: { model: 'digits', input } });
    expect([answer.statusCode, answer.json().detail]).toEqual([
      422,
      'input needs exactly one of image, tensor, imageId',
    ]);
  });
});
