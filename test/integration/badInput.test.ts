import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import request, { type Test } from 'supertest';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const DIGIT = join(import.meta.dirname, '../../models/zoo/samples/3.png');
const MAX_UPLOAD_BYTES = 256 * 1024;

let service: RunningService;
let digit: Buffer;

beforeAll(async () => {
  digit = await readFile(DIGIT);
  service = await startService({ MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES) });
});

afterAll(async () => {
  await service?.stop();
});

afterEach(async () => {
  const { status, body } = await form().attach('image', digit, 'digit.png');
  expect({ status, index: body.prediction?.index }).toEqual({ status: 200, index: 3 });
});

const post = () => request(service.url).post('/explain');
const form = () => post().field('model', 'mnist-cnn');
const json = (change: object) =>
  post().send({ model: 'mnist-cnn', input: { image: digit.toString('base64') }, ...change });

async function refused(answer: Test, status: number, code: string, ...words: string[]): Promise<void> {
  const response = await answer;
  expect({ status: response.status, code: response.body.code }).toEqual({ status, code });
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  for (const word of words) expect(response.body.detail).toContain(word);
  expect(response.text).not.toMatch(/\/(work|home|root|usr|tmp|node_modules)\/|node:|\.ts:\d/);
}

describe('files', () => {
  test('none', () => refused(form(), 422, 'invalid', 'image is required'));

  test('two', () =>
    refused(
      form().attach('image', digit, 'a.png').attach('image', digit, 'b.png'),
      422,
      'invalid',
      'more than one file',
      'one image',
    ));

  test.each<[string, () => Buffer | Promise<Buffer>, string]>([
    ['an empty one', () => Buffer.alloc(0), 'an empty file'],
    ['a text', () => Buffer.from('I am a picture, honestly.\n'), '26 bytes of text'],
    ['a truncated PNG', () => digit.subarray(0, digit.length - 20), 'truncated PNG'],
    ['an SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"/>'), 'an SVG image'],
    ['a GIF', () => sharp(digit).gif().toBuffer(), 'a GIF image'],
  ])('%s named .png', async (_name, make, received) =>
    refused(
      form().attach('image', await make(), 'digit.png'),
      415,
      'unsupported-image',
      received,
      'PNG, JPEG and WebP',
    ),
  );

  test('a PNG of 20,000 × 20,000 pixels', () =>
    refused(form().attach('image', bomb(20_000), 'bomb.png'), 413, 'too-large', '20000×20000', 'allowed are 64000000'));

  test('one over the limit', () =>
    refused(
      form().attach('image', Buffer.alloc(MAX_UPLOAD_BYTES + 1), 'a.png'),
      413,
      'too-large',
      `${MAX_UPLOAD_BYTES} bytes`,
    ));
});

describe('requests', () => {
  test('unknown model', () => refused(json({ model: 'mnist-rnn' }), 404, 'unknown-model', 'mnist-rnn', 'mnist-cnn'));
  test('unknown version', () => refused(json({ version: '99' }), 404, 'unknown-model', '99'));
  test('unknown method', () => refused(json({ method: 'lpr' }), 422, 'invalid', 'deep-taylor', '"lpr"'));
  test('unknown option', () =>
    refused(json({ options: { epsilon: 1 } }), 422, 'invalid', '"epsilon"', 'start, stabiliser'));
  test('unknown target', () => refused(json({ target: 10 }), 422, 'invalid', '10'));
  test('unknown label', () => refused(json({ target: 'eleven' }), 422, 'invalid', 'eleven'));
  test('unknown colour map', () =>
    refused(json({ render: { colormap: 'jet' } }), 422, 'invalid', '"jet"', 'red-blue, heat'));
  test('model name with ..', () => refused(json({ model: '../mnist-cnn' }), 422, 'invalid', '"../mnist-cnn"'));

  test('a path with .. is no model', () =>
    refused(request(service.url).get('/models/..%2F..%2Fpackage.json'), 404, 'unknown-model', 'mnist-cnn'));

  test('tensor of a wrong shape', () =>
    refused(
      json({ input: { tensor: { shape: [28, 28], data: Array(784).fill(0) } } }),
      422,
      'invalid',
      '[1, 28, 28]',
      '[28, 28]',
    ));

  test('tensor with NaN', () => {
    const data = Buffer.from(new Float32Array(784).fill(Number.NaN).buffer).toString('base64');
    return refused(json({ input: { tensor: { shape: [1, 28, 28], data } } }), 422, 'invalid', 'data[0]', 'NaN');
  });

  test('tensor outside the legal box', () =>
    refused(json({ input: { tensor: { shape: [1, 28, 28], data: Array(784).fill(2) } } }), 422, 'out-of-box', '2'));

  test('numbers that overflow', () => {
    const tensor = { shape: [1, 28, 28], data: Array(784).fill(3e38) };
    return refused(json({ method: 'sensitivity', input: { tensor } }), 422, 'non-finite', 'finite');
  });

  test('__proto__', () =>
    refused(post().type('json').send('{"model":"mnist-cnn","__proto__":{"admin":true}}'), 400, 'bad-body'));

  test('wrong Accept', () =>
    refused(json({}).set('accept', 'image/gif'), 406, 'not-acceptable', 'image/gif', 'image/png'));

  test('a rule that does not fit the model', () => {
    const composite = [{ match: { type: 'conv2d' }, rule: { name: 'winner-take-all' } }];
    return refused(json({ method: 'lrp', options: { composite } }), 422, 'not-applicable', 'winner-take-all');
  });
});

/** A valid PNG of zeros, small as a file and `side`² pixels as a picture. */
function bomb(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([1, 0], 8);
  const rows = deflateSync(Buffer.alloc((side / 8 + 1) * 200));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
