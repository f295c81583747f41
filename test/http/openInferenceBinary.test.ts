import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestApp, testApp } from './testApp.ts';

const VALUES = [0.5, 2, -3, 4];
const BYTES = Buffer.from(Float32Array.from(VALUES).buffer);

let fake: TestApp;

beforeAll(async () => {
  fake = await testApp();
});
beforeEach(() => {
  fake.service.predictions.length = 0;
});
afterAll(async () => {
  await fake.app.close();
});

/** JSON, and the bytes behind it, as the extension puts them. */
function body(change: object = {}, rest: Buffer = BYTES, inputChange: object = {}): { json: Buffer; payload: Buffer } {
  const parameters = { binary_data_size: BYTES.length };
  const inputs = [{ name: 'input', shape: [1, 4], datatype: 'FP32', parameters, ...inputChange }];
  const json = Buffer.from(JSON.stringify({ inputs, ...change }));
  return { json, payload: Buffer.concat([json, rest]) };
}

const send = (payload: Buffer, headers: Record<string, string> = {}) =>
  fake.app.inject({ method: 'POST', url: '/v2/models/table/infer', payload, headers });
const length = (json: Buffer) => ({ 'inference-header-content-length': String(json.length) });

async function refused(answer: ReturnType<typeof send>, status: number, word: string): Promise<void> {
  const response = await answer;
  expect([response.statusCode, response.json().error]).toEqual([status, expect.stringContaining(word)]);
}

const given = () => {
  const input = fake.service.predictions[0]?.input;
  return input?.kind === 'tensor' ? Array.from(input.tensor.data) : null;
};

test('binary inputs follow after the JSON; the answer is JSON unless binary is asked for', async () => {
  const { json, payload } = body();
  const answer = await send(payload, length(json));
  expect(answer.statusCode).toBe(200);
  expect(given()).toEqual(VALUES);
  expect(answer.headers['content-type']).toBe('application/json');
});

describe('binary outputs', () => {
  test('follow after the JSON in their order, and headers tell where', async () => {
    const outputs = [
      { name: 'scores', parameters: { binary_data: true } },
      { name: 'prediction', parameters: { binary_data: true } },
    ];
    const { json, payload } = body({ id: 'x', outputs });
    const answer = await send(payload, length(json));
    const at = Number(answer.headers['inference-header-content-length']);
    const header = JSON.parse(answer.rawPayload.subarray(0, at).toString());
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(Number(answer.headers['content-length'])).toBe(at + 16);
    expect(header).toEqual({
      model_name: 'table',
      model_version: '1',
      id: 'x',
      outputs: [
        { name: 'scores', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
        { name: 'prediction', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
      ],
    });
    const floats = [0, 4, 8, 12].map((offset) => answer.rawPayload.readFloatLE(at + offset));
    expect(floats).toEqual([5.5, 0, Math.fround(0.9), Math.fround(0.1)]);
  });

  test('binary_data of an output goes before binary_data_output', async () => {
    const outputs = [{ name: 'scores', parameters: { binary_data: false } }, { name: 'prediction' }];
    const { json, payload } = body({ outputs, parameters: { binary_data_output: true } });
    const answer = await send(payload, length(json));
    const at = Number(answer.headers['inference-header-content-length']);
    expect(JSON.parse(answer.rawPayload.subarray(0, at).toString()).outputs).toEqual([
      { name: 'scores', datatype: 'FP32', shape: [1, 2], data: [5.5, 0] },
      { name: 'prediction', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
    ]);
    expect(answer.rawPayload).toHaveLength(at + 8);
  });
});

describe('packed', () => {
  test.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate', deflateSync, inflateSync],
  ] as const)('%s both ways; the length of the JSON counts unpacked bytes', async (encoding, pack, unpack) => {
    const { json, payload } = body({ parameters: { binary_data_output: true } });
    const headers = { ...length(json), 'content-encoding': encoding, 'accept-encoding': encoding };
    const answer = await send(pack(payload), headers);
    expect(given()).toEqual(VALUES);
    expect(answer.headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' });
    const at = Number(answer.headers['inference-header-content-length']);
    const unpacked = unpack(answer.rawPayload);
    expect(JSON.parse(unpacked.subarray(0, at).toString()).outputs).toHaveLength(2);
    expect(unpacked).toHaveLength(at + 16);
  });

  test.each([
    ['identity', undefined],
    ['br', undefined],
    ['gzip;q=0, deflate', 'deflate'],
    ['gzip, deflate, br', 'gzip'],
  ])('Accept-Encoding: %s gives %s', async (accepted, encoding) => {
    const { json, payload } = body();
    const answer = await send(payload, { ...length(json), 'accept-encoding': accepted });
    expect([answer.statusCode, answer.headers['content-encoding']]).toEqual([200, encoding]);
  });

  test('what grows over the limit of a body is refused', () =>
    refused(send(gzipSync(Buffer.alloc(10_000_000)), { 'content-encoding': 'gzip' }), 413, 'when it is unpacked'));
  test('damaged bytes are refused', () =>
    refused(send(body().payload, { 'content-encoding': 'gzip' }), 400, 'no valid gzip'));
  test('another encoding is refused', () =>
    refused(send(body().payload, { 'content-encoding': 'br' }), 415, 'received Content-Encoding: "br"'));
});

describe('what is refused', () => {
  const { json, payload } = body();

  test.each(['-1', 'x', '1.5', String(payload.length + 1), ''])('a length of "%s"', (value) =>
    refused(send(payload, { 'inference-header-content-length': value }), 400, 'Inference-Header-Content-Length'),
  );
  test('a length inside the JSON', () =>
    refused(send(payload, { 'inference-header-content-length': String(json.length - 1) }), 400, 'not valid JSON'));
  test('no length', () => refused(send(payload), 400, 'not valid JSON'));
  test('fewer bytes than announced', () =>
    refused(send(Buffer.concat([json, BYTES.subarray(1)]), length(json)), 422, 'there are 15'));
  test('more bytes than announced', () =>
    refused(send(Buffer.concat([payload, BYTES]), length(json)), 422, 'there are 32'));
  test('bytes that nobody announced', () => {
    const { json: plain, payload: rest } = body({}, BYTES, { parameters: {}, data: VALUES });
    return refused(send(rest, length(plain)), 422, 'not given');
  });
  test('data beside binary data', () => {
    const both = body({}, BYTES, { data: VALUES });
    return refused(send(both.payload, length(both.json)), 422, 'received both');
  });
  test('bytes that do not fit the shape', () => {
    const wrong = body({}, BYTES, { shape: [2, 4] });
    return refused(send(wrong.payload, length(wrong.json)), 422, '8 elements of FP32 are 32 bytes; received 16');
  });
  test('NaN', () => {
    const bytes = Buffer.from(Float32Array.of(1, Number.NaN, 1, 1).buffer);
    const wrong = body({}, bytes);
    return refused(send(wrong.payload, length(wrong.json)), 422, 'element 1');
  });
});
