import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { sendCurl } from '../support/curl.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '../..');
const ADDRESS = 'http://127.0.0.1:3000';
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const COMMANDS = [...README.matchAll(/^curl (?:.*\\\n)*.*$/gm)].map(([command]) => command);

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service?.stop();
});

/** The example with this in it, sent to the running service. */
async function send(part: string): Promise<Response> {
  const command = COMMANDS.find((text) => text.includes(part));
  if (command === undefined) throw new Error(`the README has no example with ${part}`);
  return sendCurl(command, ADDRESS, service.url, ROOT);
}

test('the README has five examples for shipped models, and one for a network of your own', () => {
  expect(COMMANDS.filter((command) => !command.includes('model=squeezenet '))).toHaveLength(5);
  expect(COMMANDS).toHaveLength(6);
});

test('the heat map of a digit is a picture', async () => {
  const response = await send('-o heatmap.png');
  expect([response.status, response.headers.get('x-prediction')]).toEqual([200, '3']);
  expect(await sharp(Buffer.from(await response.arrayBuffer())).metadata()).toMatchObject({
    format: 'png',
    width: 224,
  });
});

test('why a 4 and not a 9 adds up', async () => {
  const response = await send('"9":-1');
  const { target, conservation } = (await response.json()) as {
    target: { weights: unknown; score: number };
    conservation: { start: number; input_sum: number; absorbed: Record<string, number> };
  };
  expect(target.weights).toEqual({ '4': 1, '9': -1 });
  const absorbed = Object.values(conservation.absorbed).reduce((sum, amount) => sum + amount, 0);
  // Its parts are the relevance of the 4 and minus that of the 9: larger than their sum.
  expect(Math.abs(conservation.input_sum + absorbed - conservation.start)).toBeLessThan(1e-2);
  expect(target.score).toBeGreaterThan(0);
});

test('the raw relevance is a NumPy file', async () => {
  const response = await send('x-npy');
  const { shape } = decodeNpy(new Uint8Array(await response.arrayBuffer()));
  expect([response.headers.get('x-prediction'), shape]).toEqual(['7', [1, 28, 28]]);
});

test('the explanation is downloaded as an ONNX model', async () => {
  const response = await send('explanation.onnx');
  expect(response.status).toBe(200);
  expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100_000);
});

test('what is typical of the digits is a sheet', async () => {
  const response = await send('/prototype');
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
  const { width = 0, height = 0 } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
  expect(width * height).toBeGreaterThan(10 * 224 * 224);
});
