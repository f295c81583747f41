import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Asked, json } from './http.ts';
import { type Read, readExplanations, readJson, readNested, readNpy, readOutputs, readPicture } from './reading.ts';

const SAMPLES = join(import.meta.dirname, '../../models/zoo/samples');
const DIGITS = 10;

/** The model whose folder changes while it is used. */
export const CHANGING = 'changing';

/** One request of the mixed traffic. */
export interface Question {
  /** Which kind it is of, and of which digit. */
  readonly kind: string;
  readonly digit: number;
  readonly asked: Asked;
  readonly read: Read;
}

interface Digit {
  readonly digit: number;
  readonly png: Buffer;
  /** As the networks see it. */
  readonly values: Float32Array;
}

/** Every kind of request for every sample digit: no two have the same answer, so that a mix-up is seen. */
export async function writeQuestions(): Promise<Question[]> {
  const digits = await Promise.all(Array.from({ length: DIGITS }, (_, digit) => readDigit(digit)));
  return KINDS.flatMap(({ kind, write, read }) =>
    digits.map((digit) => ({ kind, digit: digit.digit, asked: write(digit), read })),
  );
}

async function readDigit(digit: number): Promise<Digit> {
  const png = await readFile(join(SAMPLES, `${digit}.png`));
  const pixels = await sharp(png).greyscale().raw().toBuffer();
  return { digit, png, values: Float32Array.from(pixels, (p) => p / 255) };
}

interface Kind {
  readonly kind: string;
  readonly write: (digit: Digit) => Asked;
  readonly read: Read;
}

const KINDS: readonly Kind[] = [
  {
    kind: 'PNG in JSON → PNG',
    write: ({ png }) => explain({ model: 'mnist-cnn', input: { image: png.toString('base64') } }, 'image/png'),
    read: readPicture,
  },
  {
    kind: 'tensor → npy',
    write: ({ values }) =>
      explain({ model: 'mnist-cnn', method: 'gradient-times-input', input: tensor(values) }, 'application/x-npy'),
    read: readNpy,
  },
  {
    kind: 'JSON → JSON with relevance',
    write: ({ png }) =>
      explain({
        ...{ model: 'mnist-cnn', method: 'lrp', options: { composite: 'epsilon-plus' } },
        ...{ input: { image: png.toString('base64') }, include: ['relevance'] },
      }),
    read: readJson,
  },
  {
    kind: 'batch of 8 → JSON with relevance',
    write: ({ values }) =>
      explain({ model: 'mnist-mlp', method: 'lrp', input: tensor(values, 8), include: ['relevance'] }),
    read: readJson,
  },
  {
    kind: 'multipart → JSON with relevance',
    write: ({ png }) => multipart({ model: 'mnist-mlp', include: 'relevance' }, png),
    read: readJson,
  },
  {
    kind: 'KServe V1',
    write: ({ png }) => json('/v1/models/mnist-cnn:explain', { instances: [{ b64: png.toString('base64') }] }),
    read: readExplanations,
  },
  {
    kind: 'Open Inference Protocol',
    write: ({ digit, values }) =>
      json('/v2/models/mnist-cnn--sensitivity/infer', {
        id: String(digit),
        inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 1, 28, 28], data: [...values] }],
      }),
    read: readOutputs,
  },
  {
    kind: 'TorchServe',
    write: ({ png }) => ({ path: '/explanations/mnist-mlp', headers: { 'content-type': 'image/png' }, body: png }),
    read: readNested,
  },
  {
    kind: 'model that is being replaced',
    write: ({ png }) => explain({ model: CHANGING, input: { image: png.toString('base64') }, include: ['relevance'] }),
    read: readJson,
  },
];

/** Takes long, so that a queue fills with it. */
export async function slowQuestion(runs: number): Promise<Asked> {
  const { values } = await readDigit(3);
  const options = { n: runs };
  return explain({ model: 'mnist-cnn', method: 'smoothgrad', options, input: tensor(values) }, 'application/x-npy');
}

/** Has a large answer. */
export async function largeQuestion(rows: number): Promise<Asked> {
  const { values } = await readDigit(5);
  return explain({ model: 'mnist-cnn', input: tensor(values, rows), include: ['relevance'] });
}

function explain(body: object, accept = 'application/json'): Asked {
  return json('/explain', body, { accept });
}

/** The digit so many times. */
function tensor(values: Float32Array, rows = 1) {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const data = Buffer.concat(Array.from({ length: rows }, () => bytes)).toString('base64');
  return { tensor: { shape: rows === 1 ? [1, 28, 28] : [rows, 1, 28, 28], data } };
}

function multipart(fields: Readonly<Record<string, string>>, image: Buffer): Asked {
  const boundary = 'a-boundary-of-its-own';
  const text = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="d.png"\r\nContent-Type: image/png\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(text.join('') + file), image, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { path: '/explain', headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body };
}
