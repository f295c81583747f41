import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Question } from './client.ts';

const DIGIT = join(import.meta.dirname, '../models/zoo/samples/4.png');
const NETWORK = { model: 'mnist-cnn', method: 'deep-taylor' } as const;

/** What the network sees of the sample digit, [1, 28, 28]. */
export async function digitValues(): Promise<Float32Array> {
  const pixels = await sharp(DIGIT).greyscale().raw().toBuffer();
  return Float32Array.from(pixels, (p) => p / 255);
}

export interface Questions {
  /** The two roads with a target for their duration. */
  readonly picture: Question;
  readonly tensor: Question;
  readonly others: readonly Question[];
  /** As `picture`, but the answer is JSON with the drawn map inside and so tells its times. */
  readonly timed: Question;
}

/** The questions of the benchmark: one digit, deep Taylor on mnist-cnn. */
export async function writeQuestions(): Promise<Questions> {
  const values = await digitValues();
  const image = (await readFile(DIGIT)).toString('base64');
  const base64 = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
  const numbers = { tensor: { shape: [1, 28, 28], data: [...values] } };
  const bytes = { tensor: { shape: [1, 28, 28], data: base64 } };
  return {
    picture: question('PNG in JSON → PNG', 'image/png', { input: { image } }),
    tensor: question('tensor (base64) → .npy', 'application/x-npy', { input: bytes }),
    others: [
      question('tensor (numbers) → .npy', 'application/x-npy', { input: numbers }),
      question('PNG in JSON → JSON', 'application/json', { input: { image } }),
      question('PNG in JSON → PNG of 28 × 28', 'image/png', { input: { image }, render: { size: 'input' } }),
    ],
    timed: question('PNG in JSON → JSON with PNG', 'application/json', { input: { image }, include: ['image'] }),
  };
}

function question(title: string, accept: string, rest: Readonly<Record<string, unknown>>): Question {
  return { title, accept, body: Buffer.from(JSON.stringify({ ...NETWORK, ...rest })) };
}
